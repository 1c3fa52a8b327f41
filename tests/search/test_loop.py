from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from searching import Diary, search
from synthetic import BRANCHED, FLAT, FormulaPool, Troubled, failing, slow, toy_space

from evomerge.errors import Failure, InputError
from evomerge.search.finals.ranking import scored
from evomerge.search.records.record import FailedTrial, ScoredTrial
from evomerge.settings import BudgetSettings
from evomerge.workers.protocol import Scored, TrialResult


def test_one_recipe_is_scored_once(tmp_path: Path) -> None:
    text = FLAT.replace("{float: [0, 1.2]}", "{choice: [0.2, 0.9]}")
    pool = FormulaPool()
    _, records = search(toy_space(text, trials=20), tmp_path, pool)
    quick = [job.recipe for job in pool.scored if job.documents == "quick"]
    assert len(quick) == len(set(quick)) == 8 + 4
    assert len(records) == 20
    for record in records:
        assert isinstance(record, ScoredTrial)
        if record.twin is not None:
            assert record.twin.stage == "search"
            twin = records[record.twin.number]
            assert isinstance(twin, ScoredTrial)
            assert twin.recipe == record.recipe
            assert twin.value == record.value


def test_a_twin_in_flight_waits_for_the_first(tmp_path: Path) -> None:
    text = FLAT.replace("{float: [0, 1.2]}", "{choice: [0.2, 0.9]}")
    pool = FormulaPool(capacity=4, newest_first=True)
    _, records = search(toy_space(text, trials=30), tmp_path, pool)
    quick = [job.recipe for job in pool.scored if job.documents == "quick"]
    assert len(quick) == len(set(quick))
    assert len(scored(records)) == len(records)


def test_all_workers_are_kept_busy(tmp_path: Path) -> None:
    pool = FormulaPool(capacity=3)
    _, records = search(toy_space(BRANCHED, sampler="tpe", trials=12), tmp_path, pool)
    assert pool.most_in_flight == 3
    assert [r.number for r in records] == list(range(12))


def test_random_sampling_does_not_depend_on_the_workers(tmp_path: Path) -> None:
    one = search(toy_space(trials=10), tmp_path / "1")[1]
    many = search(toy_space(trials=10), tmp_path / "2", FormulaPool(3, newest_first=True))[1]
    assert [(r.params, r.value) for r in scored(one)] == [(r.params, r.value) for r in scored(many)]
    assert len(scored(one)) == len(one) == len(many)


def test_a_failure_costs_one_trial(tmp_path: Path) -> None:
    pool = failing(FormulaPool(), lambda count: count % 3 == 1)
    outcome, records = search(toy_space(trials=9, sampler="tpe"), tmp_path, pool)
    failed = [r for r in records if isinstance(r, FailedTrial)]
    assert len(records) == 9
    assert {r.result.failure for r in failed} == {Failure.OUT_OF_MEMORY}
    assert all(r.recipe for r in failed)
    assert outcome.n_failed >= len(failed) > 0


def test_a_value_that_is_no_number_is_a_failure(tmp_path: Path) -> None:
    def change(result: TrialResult, count: int) -> TrialResult:
        if count != 10:
            return result
        assert isinstance(result, Scored)
        tasks = tuple(replace(t, value=float("nan")) for t in result.scores.tasks)
        return replace(result, scores=replace(result.scores, tasks=tasks))

    _, records = search(toy_space(trials=5), tmp_path, Troubled(FormulaPool(), change))
    assert [isinstance(r, ScoredTrial) for r in records] == [True, True, False, True, True]
    assert isinstance(records[2], FailedTrial)
    assert records[2].result.failure is Failure.SCORE_FAILED


def test_values_without_a_recipe_are_recorded(tmp_path: Path) -> None:
    text = """
name: toy
models: {a: /models/a, b: /models/b}
recipes:
  - merge_method: linear
    models:
      - {model: a, parameters: {weight: {choice: [0, 1, 2]}}}
      - {model: b, parameters: {weight: {choice: [0, 1, 2]}}}
"""
    _, records = search(toy_space(text, trials=30), tmp_path)
    invalid = [r for r in records if isinstance(r, FailedTrial)]
    assert invalid
    assert {r.result.failure for r in invalid} == {Failure.INVALID_RECIPE}
    assert all(r.recipe is None and "sum to zero" in r.result.message for r in invalid)


def test_an_error_of_the_user_stops_the_search_and_leaves_it_sound(tmp_path: Path) -> None:
    def change(result: TrialResult, count: int) -> TrialResult:
        if count == 10:
            raise InputError("the tokenizer is gone")
        return result

    with pytest.raises(InputError):
        search(toy_space(trials=5), tmp_path / "a", Troubled(FormulaPool(), change))
    resumed = search(toy_space(trials=5), tmp_path / "a")
    assert resumed == search(toy_space(trials=5), tmp_path / "b")


@pytest.mark.parametrize(
    ("stage", "rerun"), [("generation0", 4), ("search", 11), ("confirm", 15), ("held_out", 22)]
)
@pytest.mark.parametrize("signals", [1, 2])
def test_ctrl_c(
    tmp_path: Path, stage: str, rerun: int, signals: int, interrupt: Callable[[], None]
) -> None:
    """Once: what runs is recorded. Twice: it is not. Either way the rest comes out the same."""

    def change(result: TrialResult, count: int) -> TrialResult:
        if count == rerun:
            for _ in range(signals):
                interrupt()
        return result

    pool, diary = FormulaPool(), Diary()
    with pytest.raises(KeyboardInterrupt):
        search(toy_space(trials=6), tmp_path / "a", Troubled(pool, change), diary)
    assert len(pool.scored) == rerun + 1
    assert len(diary.records) == rerun + 1 - (signals == 2)
    assert diary.records[-1][0].stage == stage
    assert any("Ctrl-C again" in note for note in diary.notes)
    rest = FormulaPool()
    resumed = search(toy_space(trials=6), tmp_path / "a", rest)
    assert len(rest.scored) == 28 - len(diary.records)
    assert resumed == search(toy_space(trials=6), tmp_path / "b")


def test_hours_are_counted_over_all_sessions(tmp_path: Path) -> None:
    space = replace(toy_space(), budget=BudgetSettings(trials=10_000, hours=0.5 / 3600))
    _, records = search(space, tmp_path, slow(FormulaPool(), 0.03))
    assert 3 < len(records) < 30
    pool = FormulaPool()
    _, again = search(space, tmp_path, pool)
    assert again == records
