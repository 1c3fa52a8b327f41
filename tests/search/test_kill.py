"""A search that is killed again and again ends as one that was left alone."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import synthetic

from evomerge.search.records.record import STAGES, ScoredTrial
from evomerge.search.records.run import read_run
from evomerge.search.records.study import RunStudy

TRIALS = 16


def start(folder: Path, sampler: str, pause_s: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, synthetic.__file__, str(folder), sampler, str(TRIALS), str(pause_s)]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def wait_for_growth(journal: Path, lines: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the journal has grown by so many lines, or the process has ended."""

    def length() -> int:
        return journal.read_bytes().count(b"\n") if journal.exists() else 0

    goal = length() + lines
    while process.poll() is None and length() < goal:
        time.sleep(0.002)


def essence(record: ScoredTrial) -> tuple[object, ...]:
    return (
        record.stage,
        record.number,
        record.label,
        record.params,
        record.recipe,
        record.value,
        record.result.scores,
    )


def all_records(folder: Path) -> list[tuple[object, ...]]:
    study = read_run(folder / "toy")[1]
    assert not any(study.pending(stage) for stage in STAGES)
    return [essence(record) for stage in STAGES for record in study.records(stage)]


@pytest.mark.parametrize(
    "sampler",
    ["random", *(pytest.param(n, marks=pytest.mark.slow) for n in ("tpe", "cmaes", "nsga2", "gp"))],
)
def test_killed_at_random_moments(tmp_path: Path, sampler: str) -> None:
    synthetic.main(str(tmp_path / "alone"), sampler, str(TRIALS), "0")
    rng = random.Random(sampler)
    killed = tmp_path / "killed"
    kills, scored = 0, 0
    for lines in (rng.randint(20, 45), rng.randint(10, 40), rng.randint(10, 40)):
        process = start(killed, sampler, 0.01)
        wait_for_growth(killed / "toy" / "study.journal", lines, process)
        time.sleep(rng.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
        now = sum(
            len(RunStudy(killed / "toy" / "study.journal", writable=False).records(s))
            for s in STAGES
        )
        assert now >= scored, "a scored trial was lost"
        scored = now
    assert kills == 3
    synthetic.main(str(killed), sampler, str(TRIALS), "0")
    assert all_records(killed) == all_records(tmp_path / "alone")


def test_ctrl_c_from_outside(tmp_path: Path) -> None:
    """Once ends the process with 130's exception after what runs; the rest follows on resume."""
    process = start(tmp_path / "stopped", "random", 0.05)
    wait_for_growth(tmp_path / "stopped" / "toy" / "study.journal", 30, process)
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=30)[1]
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in errors
    study = read_run(tmp_path / "stopped" / "toy")[1]
    assert not any(study.pending(stage) for stage in STAGES)
    synthetic.main(str(tmp_path / "stopped"), "random", str(TRIALS), "0")
    synthetic.main(str(tmp_path / "alone"), "random", str(TRIALS), "0")
    assert all_records(tmp_path / "stopped") == all_records(tmp_path / "alone")
