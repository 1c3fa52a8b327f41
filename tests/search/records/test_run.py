import os
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import synthetic
from synthetic import FLAT, FormulaPool, toy_space

from evomerge.errors import InputError, PlatformError, RunConflict
from evomerge.samplers import SAMPLERS
from evomerge.search.driver import run_search
from evomerge.search.records.run import Run, read_run
from evomerge.space.outline import Outline
from evomerge.space.unfold import unfold


def search(folder: Path, trials: int = 4) -> None:
    with Run.open(toy_space(trials=trials), folder, resume=True) as run:
        run_search(run, FormulaPool())


def test_a_new_run_keeps_the_space_as_it_was(tmp_path: Path) -> None:
    space = toy_space()
    with Run.open(space, tmp_path) as run:
        assert not run.earlier
        assert run.folder == tmp_path / "toy"
        assert (run.folder / "space.yaml").read_text() == space.source
    assert read_run(tmp_path / "toy")[0] == space


def test_a_run_that_is_there_asks_for_a_choice(tmp_path: Path) -> None:
    search(tmp_path)
    with pytest.raises(RunConflict, match="there already") as error:
        Run.open(toy_space(), tmp_path)
    assert error.value.exit_code == 4
    assert "--resume" in error.value.help
    assert "--new" in error.value.help


def test_resuming_another_space_shows_what_changed(tmp_path: Path) -> None:
    search(tmp_path)
    changed = toy_space(FLAT.replace("1.2", "1.5"), objective="min")
    with pytest.raises(RunConflict, match="has changed") as error:
        Run.open(changed, tmp_path, resume=True)
    text = str(error.value)
    assert "- mean" in text
    assert "+ min" in text
    assert "1.2" in text
    assert "1.5" in text


def test_budget_and_workers_may_change(tmp_path: Path) -> None:
    search(tmp_path)
    space = toy_space(trials=99)
    space = replace(space, workers=replace(space.workers, count=2))
    with Run.open(space, tmp_path, resume=True) as run:
        assert run.earlier
        assert run.space.budget.trials == 99


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_value_for_each_layer_is_the_same_when_resumed(tmp_path: Path, sampler: str) -> None:
    def params(folder: Path, *budgets: int) -> list[dict[str, Any]]:
        for trials in budgets:
            text = FLAT.replace("1.2]", "1.2], tensors: each")
            short = "steps: 2"  # a chain is no longer than the smaller budget
            space = toy_space(text, sampler=sampler, trials=trials, gradient=short)
            outline = Outline.of([f"h.{n}.{kind}" for n in range(3) for kind in ("q.weight", "k")])
            space = unfold(space, {t.label: outline for t in space.templates})
            with Run.open(space, folder, resume=True) as run:
                run_search(run, FormulaPool())
        written = (folder / "toy" / "space.yaml").read_text()
        assert "tensors: each" in written
        return [dict(record.params) for record in read_run(folder / "toy")[1].records("search")]

    found = params(tmp_path / "cut", 2, 4)
    assert found == params(tmp_path / "whole", 4)
    assert any("[q][2]" in name for name in found[3])


def test_relative_models_mean_the_same_when_resumed(tmp_path: Path) -> None:
    (tmp_path / "models" / "a").mkdir(parents=True)
    text = FLAT.replace("/models/a", "./models/a")
    space = toy_space(text, folder=tmp_path)
    Run.open(space, tmp_path / "runs").close()
    assert read_run(tmp_path / "runs" / "toy")[0].models["a"] == str(tmp_path / "models" / "a")
    Run.open(space, tmp_path / "runs", resume=True).close()


def test_new_moves_the_old_run_aside(tmp_path: Path) -> None:
    search(tmp_path)
    journal = (tmp_path / "toy" / "study.journal").read_bytes()
    for _ in range(2):
        with Run.open(toy_space(), tmp_path, new=True) as run:
            assert not run.earlier
            assert run.study.count("generation0") == 0
    assert (tmp_path / "toy.1" / "study.journal").read_bytes() == journal
    assert (tmp_path / "toy.2").is_dir()


def test_a_damaged_run_can_be_moved_aside(tmp_path: Path) -> None:
    search(tmp_path)
    (tmp_path / "toy" / "study.journal").write_text("{\n{\n")
    with pytest.raises(PlatformError, match="damaged"):
        Run.open(toy_space(), tmp_path, resume=True)
    Run.open(toy_space(), tmp_path, new=True).close()


@pytest.mark.parametrize("choice", [{}, {"resume": True}, {"new": True}])
def test_one_process_at_a_time(tmp_path: Path, choice: dict[str, bool]) -> None:
    with (
        Run.open(toy_space(), tmp_path),
        pytest.raises(RunConflict, match=f"in use by process {os.getpid()}"),
    ):
        Run.open(toy_space(), tmp_path, **choice)
    Run.open(toy_space(), tmp_path, resume=True).close()


def test_a_killed_process_frees_the_run(tmp_path: Path) -> None:
    command = [sys.executable, synthetic.__file__, str(tmp_path), "random", "99", "0.2"]
    process = subprocess.Popen(command)
    while not (tmp_path / "toy" / "study.journal").exists():
        assert process.poll() is None
    with pytest.raises(RunConflict, match="in use"):
        Run.open(toy_space(synthetic.BRANCHED), tmp_path, resume=True)
    read_run(tmp_path / "toy")
    process.send_signal(signal.SIGKILL)
    process.wait()
    Run.open(toy_space(synthetic.BRANCHED), tmp_path, resume=True).close()


def test_no_such_run(tmp_path: Path) -> None:
    search(tmp_path)
    with pytest.raises(InputError, match="no run 'toi'") as error:
        read_run(tmp_path / "toi")
    assert "did you mean 'toy'" in error.value.help
    with pytest.raises(InputError, match="no run"):
        read_run(tmp_path / "nowhere" / "x")


def test_an_unwritable_folder(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file is in the way")
    with pytest.raises(PlatformError, match="cannot be written") as error:
        Run.open(toy_space(), tmp_path / "runs")
    assert error.value.exit_code == 3


def test_a_full_disk_at_the_start_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import resource, synthetic; from pathlib import Path\n"
        "from evomerge.search.records.run import Run\n"
        "from evomerge.errors import PlatformError\n"
        "space = synthetic.toy_space()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        f"try: Run.open(space, Path({str(tmp_path)!r}))\n"
        "except PlatformError as error: print(error)\n"
    )
    folder = Path(synthetic.__file__).parent
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert "cannot be written" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_loses_nothing(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    command = [sys.executable, synthetic.__file__, str(tmp_path / "full"), "random", "16", "0"]
    done = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True)
    assert "PlatformError" in done.stderr
    assert "--resume" in done.stderr
    study = read_run(tmp_path / "full" / "toy")[1]
    before = study.records("search")
    assert 0 < len(before) < 16
    synthetic.main(str(tmp_path / "full"), "random", "16", "0")
    synthetic.main(str(tmp_path / "alone"), "random", "16", "0")
    full, alone = (read_run(tmp_path / name / "toy")[1] for name in ("full", "alone"))
    assert full.records("search")[: len(before)] == before
    assert full.records("held_out") == alone.records("held_out")


def test_a_resumed_run_keeps_the_budget_it_was_resumed_with(tmp_path: Path) -> None:
    for trials in (3, 5):
        Run.open(toy_space(trials=trials), tmp_path, resume=True).close()
    space, _ = read_run(tmp_path / "toy")
    assert space.budget.trials == 5


def test_a_study_that_is_gone_is_told(tmp_path: Path) -> None:
    Run.open(toy_space(), tmp_path).close()
    (tmp_path / "toy" / "study.journal").write_text("")
    with pytest.raises(InputError, match="the run's study is empty or gone"):
        read_run(tmp_path / "toy")
