"""A small search of real models through the real command line."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest
from click.testing import CliRunner, Result

from evomerge.cli import group, main

SPACE = """\
name: toy
models:
  base: {base}
  a: {a}
  b: {b}
recipes:
  - merge_method: {{choice: [task_arithmetic, ties, dare_ties]}}
    name: vectors
    base_model: base
    models:
      - model: a
        parameters: {{weight: {{float: [0, 1.2]}}, density: {{float: [0.2, 1]}}}}
      - model: b
        parameters: {{weight: {{float: [0, 1.2]}}, density: {{float: [0.2, 1]}}}}
    dtype: float32
  - merge_method: slerp
    base_model: a
    models: [{{model: a}}, {{model: b}}]
    parameters: {{t: {{float: [0, 1], layers: 3}}}}
    dtype: float32
evaluate:
  tasks:
    - {{task: toy_next, metric: acc}}
    - {{task: toy_pick, metric: acc}}
  task_path: {tasks}
  quick: 16
  confirm: 12
  held_out: 24
search: {{sampler: tpe, seed: 0, finalists: 2}}
budget: {{trials: 4}}
"""

Evomerge = Callable[[Sequence[str], Path], "subprocess.CompletedProcess[str]"]


def invoke(*args: object) -> Result:
    """Run a command in this process; an error of the user is raised as it is."""
    return CliRunner().invoke(group, [str(a) for a in args], catch_exceptions=False)


@pytest.fixture(scope="session")
def space_text(family: dict[str, Path], task_path: Path) -> str:
    return SPACE.format(**family, tasks=task_path)


@pytest.fixture
def space_file(space_text: str, tmp_path: Path) -> Path:
    path = tmp_path / "toy.yaml"
    path.write_text(space_text)
    return path


@pytest.fixture(scope="session")
def evomerge_process() -> Evomerge:
    """Run the command line in a process of its own."""

    def run(args: Sequence[str], cwd: Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "evomerge", *map(str, args)],
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run


@pytest.fixture
def evomerge(monkeypatch: pytest.MonkeyPatch) -> Evomerge:
    """Run the command line in this process, which has the libraries loaded."""

    def run(args: Sequence[str], cwd: Path) -> "subprocess.CompletedProcess[str]":
        words, out, err = [str(word) for word in args], io.StringIO(), io.StringIO()
        code: object = 0
        with monkeypatch.context() as patch, contextlib.ExitStack() as stack:
            patch.chdir(cwd)
            stack.enter_context(mock.patch.dict(os.environ))
            stack.enter_context(contextlib.redirect_stdout(out))
            stack.enter_context(contextlib.redirect_stderr(err))
            try:
                main(words)
            except SystemExit as stop:
                code = stop.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())

    return run


@dataclass(frozen=True)
class Finished:
    """A search that has ended: where it ran, and what it printed."""

    folder: Path
    done: "subprocess.CompletedProcess[str]"


@pytest.fixture(scope="session")
def finished(
    space_text: str,
    empty_mlflow: Path,
    evomerge_process: Evomerge,
    tmp_path_factory: pytest.TempPathFactory,
) -> Finished:
    """One search to its end, for every test that only reads what it left."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "toy.yaml").write_text(space_text)
    shutil.copy(empty_mlflow, folder)
    done = evomerge_process(["search", "toy.yaml"], folder)
    assert done.returncode == 0, done.stderr
    return Finished(folder, done)
