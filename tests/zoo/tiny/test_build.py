"""The tiny family, built by the same code with far fewer steps: twice the same."""

from pathlib import Path

import pytest
from safetensors.torch import load_file
from torch import equal

from evomerge.zoo import tensors
from evomerge.zoo.tiny.build import build, courses


@pytest.mark.slow
def test_two_builds_are_equal(tiny_family: Path, tmp_path: Path) -> None:
    build(tmp_path, tmp_path, lambda text, fraction: None, scale=0.01, batch=16)
    for name in courses():
        first, second = (
            load_file(folder / name / "model.safetensors") for folder in (tiny_family, tmp_path)
        )
        assert all(equal(first[key], second[key]) for key in first)
    base, expert = (load_file(tmp_path / name / "model.safetensors") for name in ("base", "sort"))
    assert not all(equal(base[key], expert[key]) for key in base)


def test_its_tensors_are_known_before_it_is_made(tiny_family: Path) -> None:
    stored = load_file(tiny_family / "sort" / "model.safetensors")
    assert sorted(stored) == sorted(tensors("zoo://tiny/base"))
