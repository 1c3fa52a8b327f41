"""Every benchmark runs to its end in its smallest form. What it measures is not looked at."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


Run = Callable[..., str]


@pytest.fixture
def run(tiny_cache: Path) -> Run:
    """Run a script and return what it prints."""

    def running(script: str, *words: str) -> str:
        command = [sys.executable, str(ROOT / "benchmarks" / f"{script}.py"), *words]
        path = os.pathsep.join([str(ROOT), *sys.path])
        own = {"PYTHONPATH": path, "EVOMERGE_CACHE": str(tiny_cache)}
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | own)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return running


def rows(printed: str) -> dict[str, list[str]]:
    """Return the rows of every Markdown table, by first cell."""
    lines = [line.strip("| ").split(" | ") for line in printed.splitlines() if line[:1] == "|"]
    return {line[0].strip(): line for line in lines}


def test_a_trial_is_held_against_three_others(run: Run) -> None:
    printed = run("trial", "tiny", "--methods", "linear", "--rounds", "1")
    assert len(rows(printed)["linear"]) == 13
    assert "scores differ from those of (b) by 0 at most" in printed
    assert "at least" in printed


def test_merges_equal_mergekits(run: Run) -> None:
    printed = run("merge", "--family", "tiny", "--methods", "slerp", "dare_ties", "--rounds", "1")
    found = rows(printed)
    column = found["method"].index("bit-equal")
    assert [found[method][column] for method in ("slerp", "dare_ties")] == ["yes", "yes"]


def test_a_gradient_is_held_against_forward_passes(run: Run) -> None:
    printed = run("gradient", "tiny", "--methods", "linear", "--rounds", "1")
    assert len(rows(printed)["linear"]) == 5
    assert "scores with a gradient equal a trial's: yes" in printed


def test_two_workers_are_held_against_one(run: Run) -> None:
    printed = run("scaling", "--pairs", "1", "--trials", "2")
    assert len(rows(printed)["trials an hour, search stage"]) == 4
    assert "evomerge --help" in printed


def test_the_gpu_script_runs_on_a_cpu(run: Run) -> None:
    words = ["--device", "cpu", "--shape", "mini", "--rounds", "1", "--documents", "2"]
    found = rows(run("gpu", *words))
    assert {"linear", "slerp", "ties", "prompts"} <= found.keys()
    assert found["2"][-1].strip("*").endswith("%")
