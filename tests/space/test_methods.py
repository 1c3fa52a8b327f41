"""The frozen method table against mergekit's own registry."""

import json
from importlib.resources import files

from evomerge.merge.method_table import method_table
from evomerge.space.methods import methods


def test_the_table_is_not_stale() -> None:
    frozen = json.loads(files("evomerge.space").joinpath("methods.json").read_text())
    assert frozen == method_table(), "run: python -m evomerge.merge.method_table"


def test_contracts_are_read() -> None:
    assert methods()["slerp"].max_inputs == 2
    assert methods()["ties"].parameters["density"].scope == "non_base"
    assert methods()["linear"].parameters["weight"].required
