"""Shorthand becomes recipes: every method that fits, no other, each with ranges that work."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evomerge.methods.table import MERGEKIT
from evomerge.space.generate.auto import auto_recipes
from evomerge.space.reading.load import load_space
from evomerge.space.reading.recipes.holes import is_hole
from evomerge.space.space import Space

from ..examples import Drawn

SPACE = """\
name: demo
models: {base: org/base, a: org/a, b: org/b, c: org/c}
recipes: auto
evaluate: {tasks: [{task: toy, metric: acc}]}
"""
NO_BASE = SPACE.replace("base: org/base, ", "")


def load(folder: Path, text: str) -> Space:
    path = folder / "space.yaml"
    path.write_text(text)
    return load_space(path)


def used(recipes: list[dict[str, Any]]) -> set[str]:
    found: set[str] = set()
    for recipe in recipes:
        method = recipe["merge_method"]
        found |= set(method["choice"]) if is_hole(method) else {method}
    return found


def test_every_parameter_of_every_method_has_a_range() -> None:
    for method in MERGEKIT.values():
        for parameter in method.parameters:
            found = method.search_range(parameter)
            assert found is None or is_hole(found)
        required = [p.name for p in method.parameters.values() if p.required]
        assert all(method.search_range(name) is not None for name in required)


def test_auto_takes_every_method_that_fits() -> None:
    everything = set(MERGEKIT) - {"passthrough"}
    assert used(auto_recipes(["base", "a", "b", "c"], "base")) == everything
    needs_base = {m.name for m in MERGEKIT.values() if m.base == "required"}
    own_base = {"slerp", "nearswap", "arcee_fusion"}
    assert used(auto_recipes(["a", "b"], None)) == everything - needs_base | own_base
    assert used(auto_recipes(["base", "a"], "base")) == needs_base - own_base - {"model_stock"}


def test_methods_without_a_base_are_given_none() -> None:
    for recipe in auto_recipes(["base", "a", "b"], "base"):
        names = used([recipe])
        if {"linear", "slerp"} & names:
            assert "base_model" not in recipe
        if "ties" in names:
            assert recipe["base_model"] == "base"


@given(st.data())
@settings(max_examples=60)
@pytest.mark.parametrize("text", [SPACE, NO_BASE])
def test_every_point_merges_different_models(
    text: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    space = load(tmp_path_factory.getbasetemp(), text)
    recipe = space.recipe(space.suggest(Drawn(data)))
    inputs = [entry["model"] for entry in recipe.document["models"]]
    assert len(set(inputs)) == len(inputs) >= 2
    if recipe.method in ("slerp", "nearswap", "arcee_fusion"):
        assert recipe.document["base_model"] == inputs[0]
    if MERGEKIT[recipe.method].base == "required":
        assert "base_model" in recipe.document
