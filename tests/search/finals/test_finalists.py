from dataclasses import replace

import pytest
from synthetic import formula, toy_space

from evomerge.errors import EvomergeError, Failure
from evomerge.recipe.recipe import Recipe
from evomerge.search.finals.finalists import choose_finalists
from evomerge.search.records.record import FailedTrial, Kind, ParameterGradient, ScoredTrial, Step
from evomerge.workers.protocol import Failed, Scored


def trial(number: int, weight: float, kind: Kind, *value: float) -> ScoredTrial:
    recipe = Recipe.from_document({"merge_method": "linear", "weight": weight})
    result = Scored("k", formula(recipe, "quick"))
    stage = "search" if kind == "sampled" else "generation0"
    return ScoredTrial(number, stage, kind, f"{kind} {number}", {}, recipe, result, value)


def test_the_best_sampled_ones_and_two_blends() -> None:
    sampled = [trial(n, 0.5 + n / 2, "sampled") for n in range(5)]
    fixed = [trial(n, 0.6 + n / 2, "blend") for n in range(4)] + [trial(9, 0.5, "parent")]
    finalists = choose_finalists(toy_space(), sampled, fixed)
    assert {t.label for t in finalists if t.kind == "sampled"} == {f"sampled {n}" for n in range(3)}
    assert [t.label for t in finalists if t.kind == "blend"] == ["blend 0", "blend 1"]
    assert all(t.kind != "parent" for t in finalists)


def test_the_lowest_loss_is_among_them() -> None:
    losses = (1.0, 1.0, 1.0, 0.2, 0.5)
    sampled = [
        replace(trial(n, 0.5 + n / 2, "sampled"), gradient=ParameterGradient(loss, {}))
        for n, loss in enumerate(losses)
    ]
    finalists = choose_finalists(toy_space(), sampled, [])
    assert {t.number for t in finalists} == {0, 1, 2, 3}
    assert len(choose_finalists(toy_space(), sampled[:3], [])) == 3


def test_steps_of_a_chain_lie_apart() -> None:
    sampled = [
        replace(trial(n, 0.6 + n / 2, "sampled"), step=Step(n // 6, n % 6, 6, 0.1))
        for n in range(12)
    ]
    assert {t.number for t in choose_finalists(toy_space(), sampled, [])} == {0, 2, 4}


def test_a_blend_that_was_sampled_too_stands_once() -> None:
    finalists = choose_finalists(toy_space(), [trial(0, 1, "sampled")], [trial(0, 1, "blend")])
    assert [t.kind for t in finalists] == ["sampled"]


def test_of_several_objectives_the_front() -> None:
    beaten, left = trial(0, 0.5, "sampled", 0.1, 0.1), trial(1, 2, "sampled", 0.9, 0.2)
    finalists = choose_finalists(toy_space(objective="pareto"), [beaten, left], [])
    assert finalists == [left]


def test_none_at_all_says_why() -> None:
    broken = FailedTrial(
        0, "generation0", "blend", "uniform", {}, None, Failed("k", Failure.NAN_WEIGHTS, "in head")
    )
    with pytest.raises(EvomergeError, match="no merge could be scored: uniform: in head") as error:
        choose_finalists(toy_space(), [], [broken])
    assert error.value.help == Failure.NAN_WEIGHTS.remedy
