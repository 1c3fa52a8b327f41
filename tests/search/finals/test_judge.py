from dataclasses import replace
from pathlib import Path

import pytest
from synthetic import FLAT, FormulaPool, Troubled, failing, toy_space

from evomerge.errors import Failure
from evomerge.search.driver import run_search
from evomerge.search.finals.outcome import Outcome
from evomerge.search.finals.ranking import scalar_of, scored
from evomerge.search.records.record import FailedTrial, ScoredTrial, TrialRecord
from evomerge.search.records.run import Run
from evomerge.space.space import Space
from evomerge.workers.protocol import Job, Scored, TrialResult, WorkerPool


def search(space: Space, folder: Path, pool: WorkerPool | None = None) -> Outcome:
    with Run.open(space, folder, resume=True) as run:
        return run_search(run, pool or FormulaPool())


def value(space: Space, record: TrialRecord) -> float:
    assert isinstance(record, ScoredTrial)
    return scalar_of(record, space)


def test_who_is_scored_on_which_documents(tmp_path: Path) -> None:
    space = toy_space(trials=12)
    outcome = search(space, tmp_path)
    assert len(outcome.finalists) == 3 + 2
    assert [r.kind for r in outcome.finalists].count("blend") == 2
    assert len({r.recipe for r in outcome.finalists}) == 5
    assert [r.recipe for r in outcome.confirmed] == [r.recipe for r in outcome.finalists]
    assert {r.documents for r in outcome.confirmed} == {"confirm"}
    assert outcome.winner == max(scored(outcome.confirmed), key=lambda r: r.value)
    assert outcome.chosen_on == "confirm"
    assert outcome.held_out[0].recipe == outcome.winner.recipe
    kinds = [r.kind for r in outcome.held_out]
    assert kinds.count("base") == 1
    assert kinds.count("parent") == 2
    assert kinds.count("blend") >= 5
    assert outcome.n_recipes == 8 + 12
    assert outcome.n_failed == 0


def test_the_winner_is_compared_with_the_best_of_the_held_out(tmp_path: Path) -> None:
    space = toy_space(trials=12)
    outcome = search(space, tmp_path)
    assert outcome.judgement
    parent, blend = outcome.judgement.over_parent, outcome.judgement.over_blend
    assert parent
    assert blend
    parents = [r for r in outcome.held_out if r.kind in ("base", "parent")]
    assert outcome.best_parent
    assert outcome.best_blend
    assert value(space, outcome.best_parent) == max(value(space, r) for r in parents)
    difference = value(space, outcome.held_out[0]) - value(space, outcome.best_parent)
    assert parent.gain.gain == pytest.approx(difference)
    assert parent.smallest_difference
    assert outcome.verdict.startswith("The winner")
    assert outcome.best_blend.label in outcome.verdict


def test_ties_go_to_the_better_on_quick_documents(tmp_path: Path) -> None:
    def even(result: TrialResult, count: int) -> TrialResult:
        assert isinstance(result, Scored)
        if result.scores.documents != "confirm":
            return result
        tasks = tuple(replace(t, value=0.5) for t in result.scores.tasks)
        return replace(result, scores=replace(result.scores, tasks=tasks))

    outcome = search(toy_space(trials=12), tmp_path, Troubled(FormulaPool(), even))
    assert outcome.winner.recipe == outcome.finalists[0].recipe


def test_without_confirm_documents_the_quick_ones_choose(tmp_path: Path) -> None:
    outcome = search(toy_space(trials=12, confirm=0), tmp_path)
    assert outcome.chosen_on == "quick"
    assert outcome.confirmed == ()
    assert outcome.winner == outcome.finalists[0]
    assert outcome.judgement
    assert outcome.judgement.over_parent


def test_without_held_out_documents_there_is_no_verdict(tmp_path: Path) -> None:
    outcome = search(toy_space(trials=12, held_out=0), tmp_path)
    assert outcome.held_out == ()
    assert outcome.judgement is None
    assert "no verdict" in outcome.verdict


def test_a_winner_that_fails_at_the_end_gets_no_verdict(tmp_path: Path) -> None:
    pool = failing(FormulaPool(), lambda count: count == 8 + 12 + 5)
    outcome = search(toy_space(trials=12), tmp_path, pool)
    assert isinstance(outcome.held_out[0], FailedTrial)
    assert outcome.held_out[0].result.failure is Failure.OUT_OF_MEMORY
    assert outcome.judgement is None
    assert outcome.best_parent in outcome.held_out
    assert outcome.best_blend in outcome.held_out
    assert "could not be scored" in outcome.verdict
    assert outcome.n_failed == 1


def test_finalists_that_fail_leave_the_choice_to_the_others(tmp_path: Path) -> None:
    pool = failing(FormulaPool(), lambda count: 20 <= count < 25)
    outcome = search(toy_space(trials=12), tmp_path, pool)
    assert outcome.chosen_on == "quick"
    assert outcome.winner == outcome.finalists[0]


class OnlyBlends(FormulaPool):
    """Gives every sampled recipe the worst score."""

    def next_result(self) -> TrialResult:
        job: Job = self._jobs[0]
        result = super().next_result()
        assert isinstance(result, Scored)
        if not job.key.startswith("search"):
            return result
        tasks = tuple(replace(t, value=0.0) for t in result.scores.tasks)
        return replace(result, scores=replace(result.scores, tasks=tasks))


def test_a_blend_may_win_and_the_verdict_says_so(tmp_path: Path) -> None:
    space = toy_space(FLAT.replace("[0, 1.2]", "[3, 4]"), trials=4)
    outcome = search(space, tmp_path, OnlyBlends())
    assert outcome.winner.kind == "blend"
    assert len(outcome.held_out) == 9
    assert outcome.held_out[1].kind == "sampled"
    assert "itself a fixed blend" in outcome.verdict
    assert "searching added nothing" in outcome.verdict


class CutOff(FormulaPool):
    """Says that the answers of every sampled recipe were cut off, and of no other."""

    def next_result(self) -> TrialResult:
        job = self._jobs[0]
        result = super().next_result()
        assert isinstance(result, Scored)
        share = 0.4 if job.recipe.method == "task_arithmetic" else 0.05
        return replace(result, scores=replace(result.scores, guards={"t0/truncated": share}))


def test_answers_unlike_the_parents_are_flagged(tmp_path: Path) -> None:
    outcome = search(toy_space(trials=12), tmp_path, CutOff())
    assert outcome.winner.kind == "sampled"
    assert outcome.judgement
    assert outcome.judgement.warnings == (
        "40% of t0's answers are cut off at the token limit (5% before)",
    )
    calm = search(toy_space(trials=12), tmp_path / "calm").judgement
    assert calm
    assert calm.warnings == ()
