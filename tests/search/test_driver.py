from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from optuna.samplers import RandomSampler
from synthetic import BRANCHED, FLAT, FormulaPool, Troubled, failing, noisy, slow, toy_space

from evomerge.errors import EvomergeError, Failure, InputError
from evomerge.search.driver import run_search
from evomerge.search.events import Progress, SilentListener
from evomerge.search.outcome import Outcome
from evomerge.search.ranking import scored
from evomerge.search.record import FailedTrial, ScoredTrial, Stage, TrialRecord
from evomerge.search.run import Run
from evomerge.search.study import RunStudy
from evomerge.settings import BudgetSettings
from evomerge.space.space import Space
from evomerge.workers.protocol import Scored, TrialResult, WorkerPool


class Diary(SilentListener):
    def __init__(self) -> None:
        self.earlier: list[TrialRecord] = []
        self.stages: list[tuple[Stage, int]] = []
        self.records: list[tuple[TrialRecord, Progress]] = []
        self.notes: list[str] = []
        self.outcomes: list[Outcome] = []

    def on_start(self, folder: Path, space: Space, earlier: Sequence[TrialRecord]) -> None:
        self.earlier = list(earlier)

    def on_stage(self, stage: Stage, planned: int) -> None:
        self.stages.append((stage, planned))

    def on_record(self, record: TrialRecord, progress: Progress) -> None:
        self.records.append((record, progress))

    def on_note(self, text: str) -> None:
        self.notes.append(text)

    def on_finish(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


def search(
    space: Space, folder: Path, pool: WorkerPool | None = None, diary: Diary | None = None
) -> tuple[Outcome, list[TrialRecord]]:
    with Run.open(space, folder, resume=True) as run:
        outcome = run_search(run, pool or FormulaPool(), [diary] if diary else [])
        return outcome, run.study.records("search")


def test_the_stages_in_their_order(tmp_path: Path) -> None:
    diary = Diary()
    outcome, records = search(toy_space(trials=6), tmp_path, diary=diary)
    assert diary.stages == [("generation0", 8), ("search", 6), ("confirm", 5), ("held_out", 9)]
    assert [r.number for r in records] == list(range(6))
    assert diary.outcomes == [outcome]
    record, progress = diary.records[13]
    assert isinstance(record, ScoredTrial)
    assert (record.label, record.kind, record.value) == ("trial 5", "sampled", records[5].value)
    assert (progress.done, progress.planned, progress.failed) == (6, 6, 0)
    assert progress.incumbent
    assert progress.incumbent.value[0] == max(
        r.value[0] for r in scored(r for r, _ in diary.records[:14])
    )


def test_going_on_after_the_end_scores_nothing_again(tmp_path: Path) -> None:
    first, _ = search(toy_space(trials=6), tmp_path)
    pool, diary = FormulaPool(), Diary()
    again, _ = search(toy_space(trials=6), tmp_path, pool, diary)
    assert again == first
    assert pool.scored == []
    assert len(diary.earlier) == 8 + 6 + 5 + 9


def test_the_study_knows_the_winner_until_the_search_goes_on(tmp_path: Path) -> None:
    outcome, _ = search(toy_space(trials=6), tmp_path)
    assert RunStudy(tmp_path / "toy" / "study.journal", writable=False).winner == outcome.winner
    pool = failing(FormulaPool(), lambda count: count > 0)
    search(toy_space(trials=8), tmp_path, pool)
    with Run.open(toy_space(trials=9), tmp_path, resume=True) as run:
        assert run.study.winner
        run.study.propose(run.space, RandomSampler(seed=0))
        assert run.study.winner is None


def test_a_larger_budget_goes_on_from_there(tmp_path: Path) -> None:
    search(toy_space(trials=6), tmp_path / "a")
    _, longer = search(toy_space(trials=9), tmp_path / "a")
    _, straight = search(toy_space(trials=9), tmp_path / "b")
    assert longer == straight


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


def test_a_space_that_is_used_up_ends_the_search(tmp_path: Path) -> None:
    text = FLAT.replace("{float: [0, 1.2]}", "{choice: [0.2, 0.9]}")
    diary = Diary()
    _, records = search(toy_space(text, trials=500), tmp_path, diary=diary)
    assert 50 <= len(records) < 100
    assert sum("repeat" in note for note in diary.notes) == 1


def test_a_recipe_without_holes_is_one_trial(tmp_path: Path) -> None:
    text = FLAT.replace("{float: [0, 1.2]}", "0.6")
    _, records = search(toy_space(text, trials=50), tmp_path)
    assert len(records) == 1


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


def test_nothing_succeeded(tmp_path: Path) -> None:
    pool = failing(FormulaPool(), lambda count: True)
    with pytest.raises(EvomergeError, match=r"nothing succeeded.*no memory") as error:
        search(toy_space(trials=5), tmp_path, pool)
    assert error.value.exit_code == 1


def test_no_merge_succeeded(tmp_path: Path) -> None:
    pool = failing(FormulaPool(), lambda count: count >= 3)
    with pytest.raises(
        EvomergeError, match="all 5 sampled recipes failed, the first with out_of_memory"
    ):
        search(toy_space(trials=5), tmp_path, pool)


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


def test_an_error_of_the_user_stops_the_search_and_leaves_it_sound(tmp_path: Path) -> None:
    def change(result: TrialResult, count: int) -> TrialResult:
        if count == 10:
            raise InputError("the tokenizer is gone")
        return result

    with pytest.raises(InputError):
        search(toy_space(trials=5), tmp_path / "a", Troubled(FormulaPool(), change))
    resumed = search(toy_space(trials=5), tmp_path / "a")
    assert resumed == search(toy_space(trials=5), tmp_path / "b")


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


def test_hours_are_counted_over_all_sessions(tmp_path: Path) -> None:
    space = replace(toy_space(), budget=BudgetSettings(trials=10_000, hours=0.5 / 3600))
    _, records = search(space, tmp_path, slow(FormulaPool(), 0.03))
    assert 3 < len(records) < 30
    pool = FormulaPool()
    _, again = search(space, tmp_path, pool)
    assert again == records


def test_noise_does_not_stop_a_search(tmp_path: Path) -> None:
    pool = noisy(FormulaPool(), 0.05)
    outcome, _ = search(toy_space(trials=20, sampler="tpe"), tmp_path, pool)
    assert outcome.winner.value[0] > 0.5


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "gp", "random"])
def test_pareto(tmp_path: Path, sampler: str) -> None:
    space = toy_space(BRANCHED, objective="pareto", sampler=sampler, trials=12)
    outcome, records = search(space, tmp_path)
    assert [len(r.value) for r in scored(records)] == [2] * len(records)
    assert outcome.front
    assert outcome.judgement
    assert outcome.judgement.over_parent


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
