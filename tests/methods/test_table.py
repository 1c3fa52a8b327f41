"""The table is mergekit's registry, frozen; a plug-in makes a new one."""

import json
from copy import deepcopy
from importlib.resources import files
from typing import Any

import pytest

from evomerge.errors import InputError
from evomerge.methods.table import MERGEKIT


def frozen() -> list[dict[str, Any]]:
    rows = json.loads(files("evomerge.methods").joinpath("methods.json").read_text())
    assert isinstance(rows, list)
    return rows


def row(name: str) -> dict[str, Any]:
    weight = {
        "name": "weight",
        "type": "float",
        "scope": "non_base",
        "required": True,
        "default": None,
    }
    found = next(r for r in frozen() if r["name"] == "karcher")
    return {**found, "name": name, "parameters": [weight]}


def test_the_table_is_not_stale() -> None:
    from evomerge.merge.mergekit.registry import method_table

    assert frozen() == method_table(), "run: python -m evomerge.merge.mergekit.registry"


def test_contracts_are_read() -> None:
    assert MERGEKIT["slerp"].max_inputs == 2
    assert MERGEKIT["ties"].parameters["density"].scope == "non_base"
    assert MERGEKIT["linear"].parameters["weight"].required
    assert MERGEKIT["slerp"].base_is_one_of_two
    assert {m.name for m in MERGEKIT.values() if m.merges_two} == {
        "arcee_fusion",
        "nearswap",
        "nuslerp",
        "slerp",
    }


def test_a_plugin_makes_a_new_table() -> None:
    table = MERGEKIT.with_plugin([row("mine")], "/mine.py")
    assert "mine" not in MERGEKIT
    assert list(table) == [*MERGEKIT, "mine"]
    assert table["mine"].plugin == "/mine.py"
    assert table.plugins == ("/mine.py",)
    assert table != MERGEKIT == deepcopy(MERGEKIT)
    assert hash(deepcopy(table)) == hash(table)


def test_the_same_plugin_twice_is_once() -> None:
    once = MERGEKIT.with_plugin([row("mine")], "/mine.py")
    twice = once.with_plugin([row("mine")], "/mine.py")
    assert twice == once
    assert twice.plugins == once.plugins


@pytest.mark.parametrize(("name", "owner"), [("linear", "mergekit"), ("mine", "/mine.py")])
def test_a_name_is_taken_once(name: str, owner: str) -> None:
    table = MERGEKIT.with_plugin([row("mine")], "/mine.py")
    with pytest.raises(InputError, match=f"{name!r} is registered already, by {owner}"):
        table.with_plugin([row(name)], "/other.py")


def test_a_name_stands_once_in_a_table() -> None:
    with pytest.raises(InputError, match="'mine' stands twice in one table"):
        MERGEKIT.with_plugin([row("mine"), row("mine")], "/mine.py")


def test_of_a_plugin_nothing_is_known_but_its_contract() -> None:
    method = MERGEKIT.with_plugin([row("mine")], "/mine.py")["mine"]
    assert not method.traits.elementwise
    assert method.traits.kernel is None
    assert method.effective == {"weight"}
    assert method.search_range("weight") == {"float": [0, 1.2]}
