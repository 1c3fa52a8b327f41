import shutil
from pathlib import Path

import pytest

from evomerge import Progress, RunConflict, TrialRecord, open_run, run_search

from .conftest import Searched


def test_a_search_goes_on_where_its_callback_stopped_it(searched: Searched) -> None:
    first = [(trial.stage, trial.number) for trial, _ in searched.stopped]
    then = [(trial.stage, trial.number) for trial, _ in searched.told]
    assert first == [*(("generation0", n) for n in range(8)), ("search", 0)]
    assert then[:2] == [("search", 1), ("search", 2)]
    assert not {*first} & {*then}


def test_the_callback_is_told_where_the_search_stands(searched: Searched) -> None:
    progress = [p for trial, p in searched.told if trial.stage == "search"]
    assert [(p.done, p.planned, p.failed) for p in progress] == [(2, 3, 0), (3, 3, 0)]
    assert progress[-1].incumbent is not None


def test_its_end_names_what_it_left(searched: Searched) -> None:
    finished = searched.finished
    assert finished.folder == searched.runs / "toy"
    assert finished.best.read_text().startswith("# evomerge recipe ")
    assert finished.outcome.verdict in finished.report.read_text()
    assert "mlflow ui" in finished.dashboard
    assert open_run(finished.folder).is_finished
    assert "run_search(space, resume=True)" in (finished.folder / "resume.txt").read_text()


def test_a_run_that_is_there_is_not_touched_unasked(searched: Searched) -> None:
    with pytest.raises(RunConflict, match="is there already"):
        run_search(searched.space, runs_dir=searched.runs)


def test_a_new_run_keeps_the_old_one_beside_it(
    searched: Searched, tmp_path: Path, empty_mlflow: Path
) -> None:
    shutil.copytree(searched.finished.folder, tmp_path / "runs" / "toy")
    shutil.copy(empty_mlflow, tmp_path)

    def stop(trial: TrialRecord, progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_search(searched.space, runs_dir=tmp_path / "runs", new=True, on_trial=stop)
    assert len(open_run("toy", tmp_path / "runs").records) == 1
    assert open_run("toy.1", tmp_path / "runs").is_finished
