"""Activations that are computed again give the same answers and the same gradients."""

from typing import Any

import pytest
import torch

from evomerge.evaluate.packing.activations import KEPT
from evomerge.evaluate.packing.checkpointing import must_recompute, recomputed

from .conftest import build


@pytest.mark.parametrize("kind", ["gpt2", "llama", "qwen3_moe"])
def test_what_is_computed_again_is_the_same(kind: str) -> None:
    model = build(kind)
    ids = torch.randint(31, (2, 20))

    def run() -> tuple[torch.Tensor, list[torch.Tensor | None], int]:
        saved: list[int] = []

        def keep(tensor: torch.Tensor) -> torch.Tensor:
            saved.append(tensor.numel())
            return tensor

        model.zero_grad()
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            logits = model(input_ids=ids, use_cache=False).logits
        logits.square().sum().backward()
        return logits, [weight.grad for weight in model.parameters()], sum(saved)

    plain, gradients, kept = run()
    with recomputed(model):
        again, same, fewer = run()
    assert torch.equal(again, plain) and fewer < kept / 2
    for one, other in zip(gradients, same, strict=True):
        assert (one is None and other is None) or torch.equal(one, other)
    layers: Any = model.modules()
    assert not any("forward" in vars(module) for module in layers)


def test_only_what_is_too_large_is_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build("llama")
    assert not must_recompute(model, 1000)
    assert must_recompute(model, 2**40)
    monkeypatch.setitem(KEPT, "cpu", 2**20)
    assert must_recompute(model, 1000)
