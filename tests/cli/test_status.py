"""`evomerge status`: where a run stands, and how it goes on."""

import shutil
from pathlib import Path

from synthetic import FormulaPool, toy_space

from evomerge.search.driver import run_search
from evomerge.search.records.run import Run
from evomerge.search.samplers import make_sampler

from .conftest import Finished, invoke


def test_status_of_a_finished_run_names_recipe_and_report(finished: Finished) -> None:
    runs = finished.folder / "runs"
    shown = invoke("status", "--runs-dir", runs).output
    assert shown.startswith("toy: finished\n  trials     4 of 4, 0 failed\n  best       0.")
    assert f"recipe     {runs / 'toy' / 'best.yaml'}" in shown
    assert "resume" not in shown


def test_status_asks_the_study_whether_a_run_has_ended(tmp_path: Path) -> None:
    """Not the times of files, which copying changes."""
    runs = tmp_path / "runs"
    with Run.open(toy_space(trials=4), runs) as run:
        run_search(run, FormulaPool())
        (run.folder / "resume.txt").write_text("evomerge search toy.yaml --resume\n")
        assert "toy: running" in invoke("status", "toy", "--runs-dir", runs).output
    shown = invoke("status", "toy", "--runs-dir", runs).output
    assert "toy: finished" in shown
    assert "best.yaml" not in shown
    assert "resume     evomerge search toy.yaml --resume" in shown  # it writes the report
    with Run.open(toy_space(trials=5), runs, resume=True) as run:
        run.study.propose(run.space, make_sampler(run.space, 4))
    shown = invoke("status", "toy", "--runs-dir", runs).output
    assert "toy: interrupted" in shown
    assert "resume     evomerge search toy.yaml --resume" in shown


def test_status_passes_over_what_cannot_be_read(finished: Finished, tmp_path: Path) -> None:
    shutil.copytree(finished.folder / "runs", tmp_path / "runs")
    shutil.copytree(tmp_path / "runs" / "toy", tmp_path / "runs" / "also")
    (tmp_path / "runs" / "also" / "space.yaml").write_text("[broken")
    shown = invoke("status", "--runs-dir", tmp_path / "runs").output
    assert "also: cannot be read" in shown
    assert "toy: finished" in shown
    assert "no runs in" in invoke("status", "--runs-dir", tmp_path / "nowhere").output
