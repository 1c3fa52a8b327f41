from pathlib import Path

import pytest
from synthetic import SETTINGS

from evomerge.evaluate.scores import Scores
from evomerge.recipe.recipe import Recipe
from evomerge.search.descent.starts import Start, start_at
from evomerge.search.records.record import ScoredTrial
from evomerge.space.generate.generation0 import fixed_recipes
from evomerge.space.learned import alternatives
from evomerge.space.reading.load import read_space
from evomerge.space.space import Space
from evomerge.workers.protocol import Scored

MODELS = "models: {base: /m/base, a: /m/a, b: /m/b}\n"
WEIGHT = "parameters: {weight: {float: [-0.5, 0.8]}}"
VECTORS = f"""
recipes:
  - merge_method: breadcrumbs
    base_model: base
    models: [{{model: a, {WEIGHT}}}, {{model: b, {WEIGHT}}}]
    parameters: {{lambda: {{float: [0.5, 2]}}}}
"""


def space_of(text: str) -> Space:
    settings = SETTINGS.format(
        confirm=0, held_out=0, objective="mean", sampler="gradient", trials=9
    )
    return read_space(MODELS + text + settings, Path("/spaces/toy.yaml"))


def blends(space: Space, values: dict[str, float]) -> list[ScoredTrial]:
    found = []
    for number, fixed in enumerate(fixed_recipes(space)):
        value = (values.get(fixed.label, 0.0),)
        scored = Scored("k", Scores("quick", ()))
        found.append(
            ScoredTrial(
                number, "generation0", fixed.kind, fixed.label, {}, fixed.recipe, scored, value
            )
        )
    return found


def starts(
    space: Space, values: dict[str, float], count: int, first: float | None = None
) -> list[Start]:
    one, fixed = alternatives(space)[0], blends(space, values)
    return [start_at(one, index, fixed, 7, first) for index in range(count)]


SCORES = {"task_arithmetic λ=0.7": 0.9, "linear uniform": 0.8, "task_arithmetic λ=1": 0.7}


def test_the_best_blends_come_first() -> None:
    found = starts(space_of(VECTORS), SCORES, 6)
    weights = [(s["breadcrumbs.weight[a]"], s["breadcrumbs.weight[b]"]) for s in found]
    assert weights[:4] == [(0.7, 0.7), (0.5, 0.5), (0.8, 0.8), (0.3, 0.3)]
    assert weights[4][0] == weights[4][1] not in {w for w, _ in weights[:4]}
    assert weights[5][0] != weights[5][1]
    assert [s["breadcrumbs.lambda"] for s in found[:4]] == [1.0] * 4


def test_a_number_that_is_given_comes_before_them() -> None:
    found = starts(space_of(VECTORS), SCORES, 3, 0.4)
    assert [s["breadcrumbs.weight[a]"] for s in found] == [0.4, 0.7, 0.5]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "recipes: [{merge_method: slerp, base_model: a, models: [{model: a}, {model: b}], "
            "parameters: {t: {float: [0, 1], layers: 2}}}]",
            {"slerp.t[0]": 0.5, "slerp.t[1]": 0.5},
        ),
        (
            f"recipes: [{{merge_method: linear, models: [{{model: a, {WEIGHT}}}, "
            "{model: b, parameters: {weight: 0.3}}]}]",
            {"linear.weight[a]": 0.5},
        ),
    ],
)
def test_other_methods_start_in_the_middle(text: str, expected: Start) -> None:
    assert starts(space_of(text), SCORES, 1) == [expected]


def test_what_is_drawn_follows_from_the_seed() -> None:
    space = space_of(VECTORS)
    one, fixed = alternatives(space)[0], blends(space, SCORES)
    drawn = [start_at(one, 9, fixed, seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    for name, learned in one.learned.items():
        for start in drawn:
            assert learned.domain.low < start[name] < learned.domain.high


def coefficients(recipe: Recipe) -> list[float]:
    """Return what stands before each task vector, where no sign is elected."""
    own = recipe.document["parameters"]
    weights = [entry["parameters"]["weight"] for entry in recipe.document["models"]]
    total = sum(weights) if own.get("normalize") else 1.0
    return [own.get("lambda", 1.0) * weight / total for weight in weights]


BY_ONE = [0.7, 0.7], [0.5, 0.5], [1.0, 1.0], [0.3, 0.3]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("lambda: 0.5", BY_ONE),
        ("lambda: {float: [0.5, 0.8]}", BY_ONE),
        ("lambda: {float: [0.5, 2]}, normalize: true", BY_ONE),
        ("normalize: true", ([0.5, 0.5],)),
        ("lambda: 0.6, normalize: true", ([0.3, 0.3],)),
    ],
)
def test_a_start_is_the_blend_whatever_stands_around_the_weights(
    parameters: str, expected: tuple[list[float], ...]
) -> None:
    text = VECTORS.replace("[-0.5, 0.8]", "[-0.5, 3]")
    space = space_of(text.replace("lambda: {float: [0.5, 2]}", parameters))
    found = [coefficients(space.recipe(start)) for start in starts(space, SCORES, 5)]
    assert found[: len(expected)] == [pytest.approx(one, abs=1e-4) for one in expected]
    assert found[len(expected)] not in [pytest.approx(one, abs=1e-4) for one in expected]


def test_where_signs_are_elected_and_weights_divided_by_equal_ones_come_once() -> None:
    space = space_of(VECTORS.replace("breadcrumbs", "ties"))
    first, second = starts(space, SCORES, 2)
    assert first == {"ties.weight[a]": 0.5, "ties.weight[b]": 0.5, "ties.lambda": 1.0}
    assert second["ties.lambda"] != 1.0
