"""Every benchmark runs to its end in its smallest form. What it measures is not looked at."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from evomerge import zoo

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def tiny() -> None:
    zoo.make("tiny", lambda text, fraction: None)


def run(script: str, *words: str) -> str:
    """Return what a script prints."""
    command = [sys.executable, str(ROOT / "benchmarks" / f"{script}.py"), *words]
    path = os.pathsep.join([str(ROOT), *sys.path])
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def rows(printed: str) -> dict[str, list[str]]:
    """Return the rows of every Markdown table, by first cell."""
    lines = [line.strip("| ").split(" | ") for line in printed.splitlines() if line[:1] == "|"]
    return {line[0].strip(): line for line in lines}


def test_a_trial_is_held_against_three_others() -> None:
    printed = run("trial", "tiny", "--methods", "linear", "--rounds", "1")
    assert len(rows(printed)["linear"]) == 13
    assert "scores differ from those of (b) by 0 at most" in printed
    assert "at least" in printed


def test_merges_equal_mergekits() -> None:
    printed = run("merge", "--family", "tiny", "--methods", "slerp", "dare_ties", "--rounds", "1")
    found = rows(printed)
    column = found["method"].index("bit-equal")
    assert [found[method][column] for method in ("slerp", "dare_ties")] == ["yes", "yes"]


def test_two_workers_are_held_against_one() -> None:
    printed = run("scaling", "--pairs", "1", "--trials", "2")
    assert len(rows(printed)["trials an hour, search stage"]) == 4
    assert "evomerge --help" in printed


def test_the_gpu_script_runs_on_a_cpu() -> None:
    words = ["--device", "cpu", "--shape", "mini", "--rounds", "1", "--documents", "2"]
    found = rows(run("gpu", *words))
    assert {"linear", "slerp", "ties", "prompts"} <= found.keys()
    assert found["2"][-1].strip("*").endswith("%")
