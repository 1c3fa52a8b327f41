"""Folders, hub ids and adapters are found, or said why not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evomerge.errors import InputError

Sibling = Callable[..., str]
Complaint = Callable[..., InputError]


def test_a_missing_folder_names_its_nearest_neighbour(
    family: dict[str, Path], complaint: Complaint
) -> None:
    error = complaint({"x": str(family["base"].parent / "bsae")})
    assert str(error).endswith(f"help: did you mean {family['base']}?")
    assert "no such folder" in str(error)


def test_a_hub_model_that_is_not_here(
    monkeypatch: pytest.MonkeyPatch, complaint: Complaint
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    error = complaint({"x": "nobody/no-such-model"})
    assert "not in the local cache and HF_HUB_OFFLINE is set" in str(error)
    assert "hf download nobody/no-such-model" in str(error)


def test_paths_that_mergekit_would_split(
    sibling: Sibling, tmp_path: Path, complaint: Complaint
) -> None:
    for name in ("a+b", "a@b"):
        assert "reads + as model+adapter" in str(complaint({"x": sibling(name)}))
