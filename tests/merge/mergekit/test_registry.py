"""mergekit's registry as plain rows."""

import json

from mergekit.merge_methods import registered_methods

from evomerge.merge.mergekit.registry import method_table
from evomerge.methods.table import MERGEKIT, MethodTable


def test_rows_are_json_and_sorted_by_name() -> None:
    rows = method_table()
    assert json.loads(json.dumps(rows)) == rows
    names = [row["name"] for row in rows]
    assert names == sorted(names)
    assert {*names} == {method.spec.name for method in registered_methods()}


def test_rows_are_what_a_table_is_made_of() -> None:
    read = MethodTable({}).with_plugin(method_table(), "/some.py")
    assert read["ties"].parameters == MERGEKIT["ties"].parameters
    assert MERGEKIT["slerp"].parameters["t"].type == "float"
    assert MERGEKIT["passthrough"].parameters["scale"].type == "float"  # optional in mergekit
    assert MERGEKIT["karcher"].parameters["max_iter"].type == "int"
