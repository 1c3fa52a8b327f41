"""`evomerge export`: the best recipe, one trial's, or a front's."""

from pathlib import Path

import pytest
import yaml

from evomerge.errors import InputError

from .conftest import Finished, invoke


def test_export_of_the_best_and_of_one_trial(finished: Finished, tmp_path: Path) -> None:
    runs = finished.folder / "runs"
    shown = invoke("export", "toy", "--runs-dir", runs, "--trial", 2).output
    assert "run toy, trial 2" in shown
    assert "merge_method" in yaml.safe_load(shown)
    best = invoke("export", "toy", "--runs-dir", runs).output
    assert yaml.safe_load(best) == yaml.safe_load((runs / "toy" / "best.yaml").read_text())
    with pytest.raises(InputError, match="it has one best recipe, not a front"):
        invoke("export", "toy", "--runs-dir", runs, "--pareto", "-o", tmp_path / "front")
    assert not (tmp_path / "front").exists()
    with pytest.raises(InputError, match="no trial 99"):
        invoke("export", "toy", "--runs-dir", runs, "--trial", 99)
    with pytest.raises(InputError, match="exclude each other"):
        invoke("export", "toy", "--runs-dir", runs, "--trial", 1, "--pareto")
