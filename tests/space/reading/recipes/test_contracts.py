"""Contracts of merge methods: each mistake once, for all the methods that it concerns."""

from typing import Any

import pytest

from evomerge.errors import InputError
from evomerge.methods.table import MERGEKIT
from evomerge.space.domains import ChoiceDomain
from evomerge.space.hole import Hole
from evomerge.space.problems import Problems
from evomerge.space.reading.recipes.contracts import Group, check_group
from evomerge.space.reading.yaml import read_marked

FILE = "models:\n  - a\n  - b\n  - c\n"
WEIGHT = {"weight": 1}


def group(
    *names: str | Hole,
    base: str | None = None,
    added: bool = True,
    own: Any = WEIGHT,
    shared: str = "t",
) -> Group:
    inputs = [{"model": name, "parameters": {} if name == base else own} for name in names]
    return Group(inputs, ("models",), base, {shared}, base_is_added=added)


def mistakes(checked: Group, *methods: str) -> list[str]:
    problems = Problems(read_marked(FILE, "f"))
    check_group(checked, {name: MERGEKIT[name] for name in methods}, problems)
    try:
        problems.raise_if_any()
    except InputError as error:
        return str(error).splitlines()
    return []


@pytest.mark.parametrize(
    ("checked", "methods"),
    [
        (group("a", "b", base="base"), ["ties", "nuslerp", "multislerp", "ram"]),
        (group("a", "b", base="a"), ["ties", "slerp", "nearswap"]),
        (group("a", "base", base="base", added=False), ["ties", "dare_ties"]),
        (group("a", "b", own={}, shared="weight"), ["linear", "multislerp"]),
    ],
)
def test_contracts_that_are_kept(checked: Group, methods: list[str]) -> None:
    assert mistakes(checked, *methods) == []


@pytest.mark.parametrize(
    ("checked", "methods", "told"),
    [
        (group("a", "b"), ["ties"], ["f:1:1: ties needs a base_model"]),
        (group("a", "b"), ["ties", "sce", "karcher"], ["f:1:1: ties, sce need a base_model"]),
        (
            group("a", "b", base="base", added=False),
            ["ties"],
            ["f:2:3: ties needs the base model 'base' among the sources of a slice"],
        ),
        (
            group("a", "b", "c", base="a"),
            ["slerp", "nearswap", "nuslerp"],
            ["f:2:3: slerp, nearswap take exactly 2 models, got 3"],
        ),
        (
            group("a", base="base"),
            ["model_stock", "nuslerp"],
            [
                "f:2:3: model_stock takes at least 3 models, got 2",
                "f:2:3: nuslerp takes exactly 2 models beside the base, got 1",
            ],
        ),
        (
            group("a", "b", own={}),
            ["linear", "multislerp"],
            [
                "f:2:5: linear, multislerp need a weight for 'a'",
                "f:3:5: linear, multislerp need a weight for 'b'",
            ],
        ),
        (
            group("a", "b", base="a", shared="weight"),
            ["slerp"],
            ["f:1:1: slerp needs parameters: t"],
        ),
        (
            group("a", "b", base="base"),
            ["linear"],
            [
                "f:1:1: linear takes the base model as one more input, without weight. "
                "help: remove base_model, or list 'base' under models"
            ],
        ),
        (
            group(Hole(ChoiceDomain(("a", "b"))), base="base", own={}, shared="t"),
            ["ties"],
            ["f:2:5: ties needs a weight for 'a' or 'b'"],
        ),
        (group("a", "b", "a"), ["ties"], ["f:4:5: model 'a' stands twice in one merge"]),
    ],
)
def test_contracts_that_are_broken(checked: Group, methods: list[str], told: list[str]) -> None:
    assert mistakes(checked, *methods) == told
