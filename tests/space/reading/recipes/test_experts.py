"""Mixtures of experts in a space file: holes, names, mistakes."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evomerge.errors import Failure, InputError, TrialError
from evomerge.recipe.recipe import Recipe
from evomerge.space.reading.load import load_space
from evomerge.space.space import Space

from ...examples import Drawn

MOE = """\
name: demo
models: {base: org/base, a: org/a, b: org/b}
recipes:
  - base_model: base
    experts:
      - source_model: {choice: [a, b]}
        positive_prompts: [one]
        noise_scale: {float: [0, 0.1]}
      - source_model: b
        positive_prompts: [two]
        negative_prompts: [three]
    gate_mode: {choice: [hidden, random]}
    experts_per_token: {int: [1, 2]}
    dtype: bfloat16
evaluate: {tasks: [{task: toy, metric: acc}]}
"""
BESIDE = """\
  - merge_method: linear
    models: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 1}}]
"""


def load(folder: Path, text: str = MOE) -> Space:
    path = folder / "space.yaml"
    path.write_text(text)
    return load_space(path)


@given(st.data())
@settings(max_examples=60)
def test_every_point_round_trips(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    space = load(tmp_path_factory.getbasetemp())
    params = space.suggest(Drawn(data))
    assert params.keys() == {p.name for p in space.parameters()}
    assert {p.name for p in space.shared_parameters} == params.keys()
    try:
        recipe = space.recipe(params)
    except TrialError as error:
        assert params["moe.source_model[0]"] == "b"
        assert error.failure is Failure.INVALID_RECIPE
        return
    assert Recipe.from_yaml(recipe.to_yaml()) == recipe
    assert recipe.method == "moe"
    assert recipe.models == ("org/base", "org/a", "org/b")
    assert recipe.document["experts"][0]["noise_scale"] == params["moe.noise_scale[0]"]


def test_it_stands_beside_merge_methods(tmp_path: Path) -> None:
    space = load(tmp_path, MOE.replace("evaluate:", BESIDE + "evaluate:"))
    assert [t.label for t in space.templates] == ["moe", "linear"]
    assert space.base == "org/base"
    assert [p.name for p in space.shared_parameters] == ["recipe"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  - base_model: base\n    experts", "  - experts", "needs a base_model"),
        ("[a, b]}", "[a, c]}", "space.yaml:6:23: unknown model 'c'"),
        ("source_model: b", "source_modl: b", "unknown key 'source_modl'. help: did you mean"),
        ("[hidden, random]", "[hiden, random]", "unknown gate_mode 'hiden'. help: did you mean"),
        ("{int: [1, 2]}", "{float: [1, 2]}", "experts_per_token must be a whole number"),
        ("{int: [1, 2]}", "two", "experts_per_token must be a whole number, got 'two'"),
        ("{float: [0, 0.1]}", "loud", "noise_scale must be a number, got 'loud'"),
        ("[one]", "one", "positive_prompts must be a list of texts, got 'one'"),
        ("gate_mode", "gate", "unknown key 'gate'. help: did you mean 'gate_mode'?"),
        ("bfloat16", "int8", "unknown dtype 'int8'"),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in MOE
    with pytest.raises(InputError) as caught:
        load(tmp_path, MOE.replace(old, new, 1))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{choice: [a, b]}", "b", "every expert is b"),
        ("{int: [1, 2]}", "3", "3 experts per token, of 2 experts"),
        ("        positive_prompts: [one]\n", "", "an expert without positive_prompts"),
        ("[two]\n        negative_prompts: [three]", "[one]", "every expert has the same prompts"),
    ],
)
def test_points_that_route_nothing_are_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    space = load(tmp_path, MOE.replace(old, new, 1).replace("{choice: [hidden, random]}", "hidden"))
    low = {p.name: p.domain.ends[0] for p in space.parameters()}
    with pytest.raises(TrialError, match=message):
        space.recipe(low)
