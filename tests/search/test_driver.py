from dataclasses import replace
from pathlib import Path

import pytest
from optuna.samplers import RandomSampler
from searching import Diary, search
from synthetic import BRANCHED, FLAT, FormulaPool, failing, noisy, toy_space

from evomerge.errors import EvomergeError, InputError
from evomerge.search.finals.ranking import scored
from evomerge.search.records.record import ScoredTrial
from evomerge.search.records.run import Run
from evomerge.search.records.study import RunStudy


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


def test_a_sampler_that_takes_one_value_is_refused_before_anything_runs(tmp_path: Path) -> None:
    space = toy_space(trials=6)
    space = replace(space, search=replace(space.search, sampler="cmaes"), objective="pareto")
    pool = FormulaPool()
    with pytest.raises(InputError, match="cmaes searches for one value, but the objective is"):
        search(space, tmp_path, pool)
    assert pool.scored == []


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


def test_nothing_succeeded(tmp_path: Path) -> None:
    pool = failing(FormulaPool(), lambda count: True)
    with pytest.raises(EvomergeError, match=r"nothing succeeded.*no memory") as error:
        search(toy_space(trials=5), tmp_path, pool)
    assert error.value.exit_code == 1
    assert "lower evaluate.batch_size" in error.value.help


def test_no_merge_succeeded(tmp_path: Path) -> None:
    pool = failing(FormulaPool(), lambda count: count >= 3)
    with pytest.raises(
        EvomergeError, match="all 5 sampled recipes failed, the first with out_of_memory"
    ):
        search(toy_space(trials=5), tmp_path, pool)


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
