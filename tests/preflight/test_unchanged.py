from pathlib import Path

import pytest

from evomerge.errors import RunConflict
from evomerge.preflight.unchanged import check_unchanged


def test_a_run_goes_on_with_the_files_it_began_with_only(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(b"x" * 10)
    where = {name: str(tmp_path / name) for name in ("a", "b")}
    zoo = {"zoo://tiny/base": str(tmp_path / "not made yet")}
    run = tmp_path / "run"
    run.mkdir()
    check_unchanged(run, where | zoo)
    check_unchanged(run, where | zoo)
    (tmp_path / "b" / "model.safetensors").write_bytes(b"y" * 11)
    with pytest.raises(RunConflict, match="the files of b have changed") as caught:
        check_unchanged(run, where | zoo)
    assert caught.value.exit_code == 4
    check_unchanged(run, {"a": where["a"]})
