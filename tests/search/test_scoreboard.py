from dataclasses import replace

from synthetic import formula, toy_space

from evomerge.errors import Failure
from evomerge.recipe.recipe import Recipe
from evomerge.search.records.record import (
    FailedTrial,
    ParameterGradient,
    Pending,
    ScoredTrial,
    Stage,
    Step,
    Twin,
)
from evomerge.search.scoreboard import Scoreboard
from evomerge.workers.protocol import Failed, Scored


def trial(number: int, weight: float, stage: Stage = "search") -> ScoredTrial:
    recipe = Recipe.from_document({"merge_method": "linear", "weight": weight})
    result = Scored("k", formula(recipe, "quick"))
    return ScoredTrial(number, stage, "sampled", "x", {}, recipe, result, (0.5,))


def pending(like: ScoredTrial, stage: Stage) -> Pending:
    return Pending(9, stage, "sampled", "x", like.params, like.recipe)


def failed(number: int) -> FailedTrial:
    result = Failed("k", Failure.TIME_LIMIT, "")
    return FailedTrial(number, "search", "sampled", "x", {}, None, result)


def test_it_counts_and_keeps_the_first_of_the_best() -> None:
    best, same, poor = trial(1, 0.5), trial(3, 0.5), trial(0, 3)
    board = Scoreboard(toy_space(), [poor, best, failed(2), same])
    progress = board.progress("search", planned=9, in_flight=2, elapsed_s=1.5)
    assert (progress.done, progress.failed, progress.planned) == (4, 1, 9)
    assert progress.incumbent is best
    assert board.progress("confirm", planned=0, in_flight=0, elapsed_s=0).done == 0


def test_scores_are_reused_on_the_same_documents_alone() -> None:
    first = trial(0, 0.5, "generation0")
    board = Scoreboard(toy_space(), [first, trial(1, 0.5)])
    assert board.twin(pending(first, "search")) is first
    assert board.twin(pending(first, "confirm")) is None


def test_a_gradient_is_reused_from_the_same_point_alone() -> None:
    step = Step(0, 0, 5, 0.1)
    scored = trial(0, 0.5)
    sloped = replace(trial(1, 0.5), params={"w": 0.5}, gradient=ParameterGradient(1, {"w": 2}))
    wants = replace(pending(sloped, "search"), step=step)
    assert Scoreboard(toy_space(), [scored]).twin(wants) is None
    board = Scoreboard(toy_space(), [scored, sloped])
    assert board.twin(wants) is sloped
    assert board.twin(replace(wants, params={"v": 0.5})) is None
    assert board.twin(replace(wants, step=None)) is scored


def test_repeats_are_those_in_a_row() -> None:
    again = replace(trial(1, 0.5), twin=Twin("search", 0))
    board = Scoreboard(toy_space(), [trial(0, 0.5), again, again])
    assert board.repeats == 2
    board.add(failed(3))
    assert board.repeats == 0
