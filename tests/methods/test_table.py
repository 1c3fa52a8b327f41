"""The frozen method table against mergekit's own registry."""

import json
from importlib.resources import files

from evomerge.merge.mergekit.registry import method_table
from evomerge.methods.table import MERGEKIT


def test_the_table_is_not_stale() -> None:
    frozen = json.loads(files("evomerge.methods").joinpath("methods.json").read_text())
    assert frozen == method_table(), "run: python -m evomerge.merge.mergekit.registry"


def test_contracts_are_read() -> None:
    assert MERGEKIT["slerp"].max_inputs == 2
    assert MERGEKIT["ties"].parameters["density"].scope == "non_base"
    assert MERGEKIT["linear"].parameters["weight"].required
