"""Every space of the gallery on the tiny family runs, with three trials and few documents."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from evomerge.cli import group

GALLERY = Path(__file__).parents[2] / "search_spaces"
SPACES = [path for path in sorted(GALLERY.glob("*.yaml")) if "zoo://tiny" in path.read_text()]
FEW = ("quick=8", "confirm=8", "held_out=16")


QUICK = ("pareto", "frankenmerge")
"""Several objectives, stacks; the other spaces are slow."""


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=() if path.stem in QUICK else pytest.mark.slow)
        for path in SPACES
    ],
)
def test_runs_with_three_trials(
    path: Path,
    tiny_cache: Path,
    empty_mlflow: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EVOMERGE_CACHE", str(tiny_cache))
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty_mlflow, tmp_path)
    settings = [word for few in FEW for word in ("--set", f"evaluate.{few}")]
    words = ["search", str(path), "--trials", "3", "--json", *settings]
    done = CliRunner().invoke(group, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    events = [json.loads(line) for line in done.stdout.splitlines()]
    trials = [e for e in events if e["event"] == "trial" and e["stage"] == "search"]
    assert len(trials) == 3
    assert any(trial["scores"] for trial in trials)
    assert {t["failure"] for t in trials} <= {None, "invalid_recipe"}
    assert events[-1]["verdict"]
    if path.stem == "quickstart":
        first, *_, last = (trial["loss"] for trial in trials)
        assert last < first
    if path.stem == "pareto":
        front = CliRunner().invoke(group, ["export", "pareto", "--pareto", "-o", "front"])
        written = sorted(str(file) for file in Path("front").iterdir())
        assert written == sorted(front.output.split())
        assert len(written) == len(events[-1]["front"]) > 0
        assert all("merge_method" in Path(file).read_text() for file in written)
