"""A model that lacks what mergekit needs is refused."""

from collections.abc import Callable
from pathlib import Path

from safetensors.torch import load_file, save_file

from evomerge.errors import InputError
from evomerge.merge.models.needed import merged_names

Sibling = Callable[..., str]
Complaint = Callable[..., InputError]


def test_a_tensor_that_mergekit_needs_is_missing(sibling: Sibling, complaint: Complaint) -> None:
    file = Path(sibling("less")) / "model.safetensors"
    tensors = load_file(file)
    del tensors["model.layers.2.mlp.up_proj.weight"]
    save_file(tensors, file, metadata={"format": "pt"})
    error = complaint({"x": str(file.parent)})
    assert "mergekit wants model.layers.2.mlp.up_proj.weight of LlamaForCausalLM" in str(error)


def test_mergekit_makes_what_is_stored_and_no_more(sibling: Sibling) -> None:
    folder = Path(sibling("same"))
    assert sorted(merged_names(folder)) == sorted(load_file(folder / "model.safetensors"))
