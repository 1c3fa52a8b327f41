"""Headers of weights are read, and broken files told from whole ones."""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from evomerge.errors import InputError
from evomerge.merge.models.compatibility import check_parents

Sibling = Callable[..., str]
Complaint = Callable[..., InputError]


def test_truncated_weights(sibling: Sibling, complaint: Complaint) -> None:
    folder = sibling("cut")
    file = Path(folder) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    assert "truncated" in str(complaint({"x": folder}))
    file.write_bytes(b"short")
    assert "its header cannot be read" in str(complaint({"x": folder}))
    file.write_bytes(b"\xff" * 200)
    assert "its header claims" in str(complaint({"x": folder}))
    file.write_bytes((10).to_bytes(8, "little") + b"not json!!" + b"0" * 50)
    assert "its header cannot be read" in str(complaint({"x": folder}))


def test_a_missing_shard(sibling: Sibling, complaint: Complaint) -> None:
    folder = Path(sibling("sharded"))
    model = LlamaForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="40KB")
    check_parents({"x": str(folder)})
    lost = sorted(folder.glob("*.safetensors"))[1]
    lost.unlink()
    assert f"names {lost.name}, which is missing" in str(complaint({"x": str(folder)}))


def test_a_broken_pickle(sibling: Sibling, complaint: Complaint) -> None:
    folder = Path(sibling("pickle"))
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    check_parents({"x": str(folder)})
    (folder / "pytorch_model.bin").write_bytes(b"nothing")
    assert "no torch archive" in str(complaint({"x": str(folder)}))
