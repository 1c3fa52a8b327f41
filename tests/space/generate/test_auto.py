"""Shorthand becomes recipes: every method that fits, no other, each with ranges that work."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evomerge.errors import InputError
from evomerge.methods.table import MERGEKIT
from evomerge.space.generate.auto import auto_recipes
from evomerge.space.reading.expanded import expanded
from evomerge.space.reading.holes import is_hole
from evomerge.space.reading.load import load_space
from evomerge.space.reading.yaml import write_yaml
from evomerge.space.space import Space

from ..test_space import Drawn

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


def test_the_expansion_is_the_same_space_written_out(tmp_path: Path) -> None:
    short = load(tmp_path, SPACE)
    text = write_yaml(expanded(load_space(tmp_path / "space.yaml")))
    assert "auto" not in text
    assert "&id" not in text
    long = load(tmp_path, text)
    assert long.parameters() == short.parameters()
    assert long.templates == short.templates


@given(st.data())
@settings(max_examples=60, deadline=None)
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


def test_a_list_of_methods_is_kept_to(tmp_path: Path) -> None:
    space = load(tmp_path, SPACE.replace("recipes: auto", "methods: [ties, slerp]"))
    assert [t.methods for t in space.templates] == [("slerp",), ("ties",)]
    other = SPACE.replace("recipes: auto", "methods: [ties]\nbase_model: c")
    assert load(tmp_path, other).templates[0].document["base_model"] == "c"


PAIR = """\
recipes:
  - merge_method: slerp
    models: {pair: [a, b, c]}
    parameters: {t: {float: [0, 1]}}
"""


def test_pairs_are_read(tmp_path: Path) -> None:
    space = load(tmp_path, SPACE.replace("recipes: auto\n", PAIR))
    assert [p.name for p in space.parameters()] == ["slerp.t", "slerp.pair"]
    document = space.recipe({"slerp.pair": "a + c", "slerp.t": 0.5}).document
    assert [m["model"] for m in document["models"]] == ["org/a", "org/c"]
    assert space.references == ("org/a", "org/b", "org/c")
    ordered = PAIR.replace("c]}", "c], ordered: true}")
    choices = load(tmp_path, SPACE.replace("recipes: auto\n", ordered)).parameters()
    assert [len(p.domain.ends) for p in choices if p.name == "slerp.pair"] == [6]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("recipes: auto", "recipes: automatic", "space.yaml:3:10: recipes must be a list of"),
        ("recipes: auto", "methods: [tise]", "3:11: unknown merge method 'tise'. help: did you"),
        ("recipes: auto", "methods: [ties, ties]", "3:17: ties stands twice"),
        ("recipes: auto", "methods: []", "methods must be a list of merge methods, got []"),
        ("recipes: auto", "methods: [passthrough]", "does not fit these models: it copies one"),
        ("recipes: auto", "recipes: auto\nbase_model: bse", "unknown model 'bse'. help: did you"),
        ("recipes: auto", "recipes: []\nmethods: [ties]", "recipes or methods, not both"),
        (", b: org/b, c: org/c", "", "model_stock does not fit these models: it needs 2 models"),
        ("a: org/a, b: org/b, c: org/c", "", "no merge method fits these models"),
        ("models: {base: org/base, a: org/a, b: org/b, c: org/c}\n", "", "recipes needs models"),
    ],
)
def test_mistakes_in_shorthand(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = SPACE.replace(old, new)
    if "model_stock" in message:
        text = text.replace("recipes: auto", "methods: [model_stock]")
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    assert message in str(caught.value)
    assert len(caught.value.others) == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[a, b, c]", "[a]", "pair must be a list of two models or more, got ['a']"),
        ("[a, b, c]", "[a, b, a]", "pair must be a list of two models or more"),
        ("[a, b, c]", "[a, bb]", "unknown model 'bb'"),
        ("[a, b, c]}", "[a, b, c], orderd: true}", "unknown key 'orderd'"),
        ("[a, b, c]}", "[a, b, c], ordered: 1}", "ordered must be true or false, got 1"),
        ("slerp", "ties", "ties does not take a pair"),
        ("    models", "    base_model: base\n    models", "slerp takes exactly 2 models, got 3"),
        ("    parameters: {t: {float: [0, 1]}}\n", "", "slerp needs parameters: t"),
    ],
)
def test_mistakes_in_pairs(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = PAIR.replace(old, new)
    assert text != PAIR
    with pytest.raises(InputError) as caught:
        load(tmp_path, SPACE.replace("recipes: auto\n", text))
    assert message in str(caught.value)
