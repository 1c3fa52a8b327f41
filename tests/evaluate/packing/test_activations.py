"""The estimate of activations is what a forward pass leaves behind, or a little more."""

from contextlib import nullcontext

import pytest
import torch

from evomerge.evaluate.packing.activations import activation_bytes
from evomerge.evaluate.packing.checkpointing import recomputed

from .conftest import build

SHAPE = {"hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 6}


@pytest.mark.parametrize("kind", ["llama", "qwen3"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("again", [False, True])
def test_activations_take_what_is_estimated(kind: str, dtype: torch.dtype, again: bool) -> None:
    own = {"num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 32}
    model = build(kind, **SHAPE, **own).to(dtype)
    weights = {weight.data_ptr() for weight in model.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.data_ptr() not in weights:
            kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with hooks, recomputed(model) if again else nullcontext():
        logits = model(input_ids=torch.randint(31, (8, 60)), use_cache=False).logits
    assert logits.requires_grad
    found = sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
    shape = {"layers": 6, "hidden": 128, "inner": 384, "itemsize": dtype.itemsize}
    inside = 0 if not again else activation_bytes(480, **shape | {"layers": 1})
    estimate = activation_bytes(480, **shape, again=again) - inside
    assert 0.6 * estimate < found < 1.1 * estimate
