"""Weights are read back from a merged folder."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig

from evomerge.merge.weights import read_weights


def test_shards_config_and_generation_are_read(tmp_path: Path) -> None:
    LlamaConfig(num_hidden_layers=3).save_pretrained(tmp_path)
    for number in (1, 2):
        shard = {f"w{number}": torch.full((2,), float(number))}
        save_file(shard, tmp_path / f"model-0000{number}-of-00002.safetensors")
    weights = read_weights(tmp_path)
    assert {name: t.tolist() for name, t in weights.tensors.items()} == {"w1": [1, 1], "w2": [2, 2]}
    assert weights.config.num_hidden_layers == 3
    assert weights.generation is None
    (tmp_path / "generation_config.json").write_text('{"eos_token_id": 7}')
    generation = read_weights(tmp_path).generation
    assert generation is not None and generation.eos_token_id == 7
