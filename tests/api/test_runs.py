from pathlib import Path

import pandas
import pytest
from synthetic import FormulaPool, failing, toy_space

from evomerge import EvomergeError, InputError, OpenRun, ScoredTrial, Space, open_run
from evomerge.search.driver import run_search as search_and_judge
from evomerge.search.records.run import Run
from evomerge.workers.protocol import WorkerPool

from .conftest import Searched


@pytest.fixture
def run(searched: Searched) -> OpenRun:
    return open_run("toy", searched.runs)


def test_a_row_for_each_trial(run: OpenRun, searched: Searched) -> None:
    trials = run.trials
    told = [trial for trial, _ in searched.stopped + searched.told]
    assert len(trials) == len(told) == len(run.records)
    rows = trials.set_index(["stage", "number"])
    for trial in told:
        row = rows.loc[(trial.stage, trial.number)]
        assert row["value"] == trial.value[0] == row["scores_toy_next"]
        assert (row["label"], row["state"], row["recipe_id"]) == (
            trial.label,
            "COMPLETE",
            trial.recipe.recipe_id,
        )
    sampled = trials[trials.stage == "search"]
    assert sampled["params_recipe0.weight[a]"].between(0.1, 1).all()
    assert set(sampled.merge_method) <= {"task_arithmetic", "ties"}
    assert trials[trials.stage == "generation0"]["params_recipe0.weight[a]"].isna().all()


def test_a_row_for_each_document(run: OpenRun) -> None:
    scores = run.scores
    counts = scores.groupby(["stage", "number"]).size()
    assert set(counts["search"]) == {16} and set(counts["held_out"]) == {16}
    means = scores.groupby(["stage", "number"]).score.mean()
    values = run.trials.set_index(["stage", "number"]).value
    assert means.to_dict() == pytest.approx(values.to_dict())
    shown = scores[scores.stage == "held_out"].groupby("number").doc_id.apply(tuple)
    assert shown.nunique() == 1


def test_the_best_recipe_is_exported(run: OpenRun, searched: Searched) -> None:
    assert run.best.recipe == searched.finished.outcome.winner.recipe
    first = run.trial(0)
    assert first.recipe is not None
    assert f"# evomerge recipe {first.recipe.recipe_id}\n" in run.export(first, file="x.yaml")
    assert "evomerge merge x.yaml -o OUT" in run.export(first, file="x.yaml")


def test_what_is_not_there_is_said(run: OpenRun, searched: Searched) -> None:
    with pytest.raises(InputError, match=r"no run 'toys'.*did you mean 'toy'"):
        open_run("toys", searched.runs)
    with pytest.raises(InputError, match=r"no trial 99.*trials: 0 to 2"):
        run.trial(99)
    with pytest.raises(InputError, match="it has one best recipe"):
        run.front  # noqa: B018
    assert issubclass(InputError, EvomergeError)


def written(folder: Path, space: Space, pool: WorkerPool) -> OpenRun:
    """Return a run whose recipes were scored by a formula."""
    with Run.open(space, folder) as run:
        search_and_judge(run, pool)
    return open_run(space.name, folder)


def test_failed_trials_and_several_objectives_have_their_rows(tmp_path: Path) -> None:
    pool = failing(FormulaPool(), lambda count: count == 9)
    run = written(tmp_path, toy_space(objective="pareto", trials=6), pool)
    trials = run.trials[run.trials.stage == "search"].set_index("number")
    assert "value" not in trials
    for trial in run.records:
        if trial.stage == "search" and isinstance(trial, ScoredTrial):
            row = trials.loc[trial.number]
            assert (row["values_t0"], row["values_t1"]) == trial.value
    assert (trials.state == "FAIL").sum() == 1
    failed = trials[trials.state == "FAIL"].iloc[0]
    assert (failed["failure"], failed["merge_method"]) == ("out_of_memory", "task_arithmetic")
    assert pandas.isna(failed["values_t0"])
    assert run.front
    assert all(len(trial.value) == 2 for trial in run.front)


def test_an_empty_run_has_tables_with_columns(tmp_path: Path) -> None:
    space = toy_space()
    with Run.open(space, tmp_path):
        run = open_run(space.name, tmp_path)
    assert len(run.trials) == len(run.scores) == 0
    assert {"stage", "number", "state", "value", "recipe_id"} <= set(run.trials.columns)
    assert not run.is_finished
    with pytest.raises(EvomergeError, match="no trial has succeeded yet"):
        run.best  # noqa: B018


def test_steps_down_a_gradient_have_their_loss(tmp_path: Path) -> None:
    with Run.open(toy_space(sampler="gradient", trials=2), tmp_path) as run:
        search_and_judge(run, FormulaPool())
    trials = open_run("toy", tmp_path).trials
    assert trials.loss.notna().tolist() == (trials.stage == "search").tolist()
