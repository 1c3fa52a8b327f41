from dataclasses import replace

from synthetic import formula, toy_space

from evomerge.errors import Failure
from evomerge.recipe.recipe import Recipe
from evomerge.search.records.record import FailedTrial, ScoredTrial, Stage, Twin
from evomerge.search.scoreboard import Scoreboard, key_of
from evomerge.workers.protocol import Failed, Scored


def trial(number: int, weight: float, stage: Stage = "search") -> ScoredTrial:
    recipe = Recipe.from_document({"merge_method": "linear", "weight": weight})
    result = Scored("k", formula(recipe, "quick"))
    return ScoredTrial(number, stage, "sampled", "x", {}, recipe, result, (0.5,))


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
    assert board.twin(key_of("search", first.recipe)) is first
    assert board.twin(key_of("confirm", first.recipe)) is None


def test_repeats_are_those_in_a_row() -> None:
    again = replace(trial(1, 0.5), twin=Twin("search", 0))
    board = Scoreboard(toy_space(), [trial(0, 0.5), again, again])
    assert board.repeats == 2
    board.add(failed(3))
    assert board.repeats == 0
