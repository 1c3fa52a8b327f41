"""The command line as a whole: names that are wrong, codes, and what a crash shows."""

import subprocess
import sys
from pathlib import Path

from .conftest import Evomerge


def test_unknown_commands_and_options_name_the_nearest(tmp_path: Path, evomerge: Evomerge) -> None:
    done = evomerge(["serch", "x.yaml"], tmp_path)
    assert done.returncode == 2
    assert "did you mean 'search'" in done.stderr
    assert evomerge(["search", "x.yaml", "--trails", "3"], tmp_path).returncode == 2


def test_a_mistake_ends_the_process_with_its_code_and_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "evomerge", "check", "gone.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: gone.yaml: no such file")
    assert done.stderr.count("\n") == 1
