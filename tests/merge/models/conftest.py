"""Siblings of a parent, and what is said of those that cannot be merged."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evomerge.errors import InputError


@pytest.fixture
def sibling(family: dict[str, Path], tmp_path: Path) -> Callable[..., str]:
    """Make a copy of parent `a`, or a model with other config values, in a folder of that name."""

    def make(name: str, **values: Any) -> str:
        folder = tmp_path / name
        shutil.copytree(family["a"], folder)
        if values:
            from transformers import LlamaConfig, LlamaForCausalLM

            config = LlamaConfig.from_pretrained(folder, **values)
            LlamaForCausalLM(config).save_pretrained(folder)
        return str(folder)

    return make


@pytest.fixture
def complaint() -> Callable[..., InputError]:
    """Return what is wrong with some parents."""

    def check(locations: dict[str, str], **flags: bool) -> InputError:
        from evomerge.merge.models.compatibility import check_parents

        with pytest.raises(InputError) as caught:
            check_parents(locations, **flags)
        return caught.value

    return check
