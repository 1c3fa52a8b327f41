"""A few logits at a time say what all say, and a backward pass changes no answer."""

import random

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from evomerge.evaluate.packing import onednn
from evomerge.evaluate.packing.packable import PACKABLE
from evomerge.evaluate.packing.passes import _READ, _read, answer, differentiate
from evomerge.evaluate.packing.plan import Pass, Request, plan_passes

from .conftest import build

QUICK = ("gemma2", "gpt2", "llama", "qwen3_moe")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_logits_read_in_parts_say_what_all_say(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log-probabilities of small logits round to equal ones in bfloat16; the first one wins."""
    source = torch.Generator().manual_seed(0)
    logits = (torch.randn(50, 300, generator=source) * 0.02).to(dtype)
    where = torch.randint(0, 50, (400,), generator=source)
    logs = torch.log_softmax(logits, dim=-1)
    tokens = torch.randint(0, 300, (400,), generator=source)
    tokens[::2] = logits.argmax(dim=-1)[where[::2]]
    tokens[::4] = logs.argmax(dim=-1)[where[::4]]
    monkeypatch.setitem(_READ, "cpu", 300 * 7)
    chosen, greedy = _read(logits, where, tokens)
    assert torch.equal(chosen, logs[where, tokens])
    assert torch.equal(greedy, logs.argmax(dim=-1)[where] == tokens)
    assert (logs.argmax(dim=-1) == logits.argmax(dim=-1)).all() == (dtype is torch.float32)


def planned(model: PreTrainedModel) -> tuple[list[Request], Pass]:
    """Return requests that share their beginnings, and the one pass that answers them."""
    draw = random.Random(0)
    heads = [tuple(draw.randrange(2, 31) for _ in range(length)) for length in (6, 9, 13)]
    tails = [tuple(draw.randrange(2, 31) for _ in range(length)) for length in (1, 2, 3, 4)]
    asked = [Request((head + tail)[:-1], tail) for head in heads for tail in tails]
    (one,) = plan_passes(asked, model)
    return asked, one


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=() if kind in QUICK else pytest.mark.slow)
        for kind in sorted(PACKABLE)
    ],
)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("wide", [True, False])
def test_a_backward_pass_changes_no_answer(
    kind: str, dtype: torch.dtype, wide: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is kept or computed again; and gradients are those of plain forward passes."""
    monkeypatch.setattr(onednn, "_THERE", wide and torch.backends.mkldnn.is_available())
    model = build(kind).to(dtype)
    asked, one = planned(model)
    weights = np.random.default_rng(0).normal(size=len(asked))
    plain, gradients = answer(model, one), []
    for again in (False, True):
        model.zero_grad()
        assert differentiate(model, one, lambda own, _: weights[own], again) == plain
        gradients.append(
            {n: w.grad.clone() for n, w in model.named_parameters() if w.grad is not None}
        )
    assert all(torch.equal(gradients[0][name], gradients[1][name]) for name in gradients[0])
    model.zero_grad()
    for request, weight in zip(asked, weights, strict=True):
        logits = model(input_ids=torch.tensor([request.tokens]), use_cache=False).logits[0]
        logs = logits[-len(request.continuation) :].float().log_softmax(-1)
        picked = logs.gather(1, torch.tensor(request.continuation)[:, None])
        (picked.sum() * weight).backward()
    off, size = 0.0, 0.0
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            off += float((gradients[0][name] - parameter.grad).float().square().sum())
            size += float(parameter.grad.float().square().sum())
    assert off < (1e-4 if dtype == torch.float32 else 0.05) ** 2 * size
