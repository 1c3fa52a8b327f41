"""Adapters are merged once, whole or not at all."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from evomerge.errors import InputError, PlatformError
from evomerge.merge.merger import Merger
from evomerge.merge.models.adapters import merged_adapter
from evomerge.merge.models.locations import find


@pytest.fixture
def where(locations: dict[str, str], adapter: Path) -> dict[str, str]:
    return locations | {"lora": f"{locations['base']}+{adapter}"}


@pytest.mark.parametrize("method", ["linear", "dare_ties"])
def test_an_adapter_is_a_parent(
    method: str, where: dict[str, str], make: SimpleNamespace, check_equal: Callable[..., Any]
) -> None:
    top = {} if method == "linear" else {"base_model": "base"}
    merged, _ = check_equal(make.weighted(method, models=("a", "lora"), **top), where)
    assert merged.tensors


def test_a_merged_adapter_is_kept_until_a_file_changes(
    where: dict[str, str], adapter: Path, tmp_path: Path
) -> None:
    located = find(where["lora"])
    state = torch.get_rng_state()
    folder = merged_adapter(located, tmp_path)
    assert torch.equal(state, torch.get_rng_state())
    made = (folder / "model.safetensors").stat().st_ino
    assert merged_adapter(located, tmp_path) == folder
    assert (folder / "model.safetensors").stat().st_ino == made
    assert sorted(p.name for p in tmp_path.iterdir()) == [folder.name]
    config = adapter / "adapter_config.json"
    text = config.read_text()
    try:
        config.write_text(json.dumps(json.loads(text) | {"lora_alpha": 64}))
        assert merged_adapter(located, tmp_path) == folder
    finally:
        config.write_text(text)
    assert (folder / "model.safetensors").stat().st_ino != made


def test_a_half_made_folder_is_not_taken(where: dict[str, str], tmp_path: Path) -> None:
    located = find(where["lora"])
    name = merged_adapter(located, tmp_path / "good").name
    half = tmp_path / "cache" / name
    half.mkdir(parents=True)
    (half / "config.json").write_text("{}")
    assert (merged_adapter(located, tmp_path / "cache") / "model.safetensors").exists()


def test_an_adapter_that_does_not_fit(where: dict[str, str], adapter: Path, tmp_path: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig.from_pretrained(where["a"], hidden_size=48, head_dim=8)
    LlamaForCausalLM(config).save_pretrained(tmp_path / "wide")
    with pytest.raises(InputError, match="adapter cannot be merged"):
        Merger({"x": f"{tmp_path / 'wide'}+{adapter}"}, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_unwritable_cache(where: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlatformError, match="cannot keep adapters"):
        Merger(where, tmp_path / "file" / "cache")
