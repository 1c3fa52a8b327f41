"""Run a planned forward pass and read log-likelihoods off its few logits."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from transformers import PreTrainedModel

from evomerge.evaluate.packing.onednn import wide_products
from evomerge.evaluate.packing.plan import Pass

_READ = {"cpu": 2**21, "cuda": 2**28}
"""Logits that are read at a time, by kind of device."""


@torch.inference_mode()
def answer(model: PreTrainedModel, one: Pass) -> dict[int, tuple[float, bool]]:
    """Return for each request of a pass, by index, its log-likelihood and whether it is greedy.

    Numbers are rounded where lm-eval's `HFLM` rounds them.
    """
    device, dtype = model.device, model.dtype
    length = one.tokens.shape[1]
    seen = torch.from_numpy(np.unpackbits(one.seen, axis=-1, count=length)).to(device)
    mask = torch.zeros(seen.shape, dtype=dtype, device=device)
    mask.masked_fill_(seen == 0, torch.finfo(dtype).min)
    with _only(model, one.wanted), wide_products(model):
        logits = model(
            input_ids=one.tokens.to(device),
            position_ids=one.positions.to(device),
            attention_mask=mask.unsqueeze(1),
            use_cache=False,
        ).logits[0]
    chosen, greedy = _read(logits, *one.asked.to(logits.device))
    starts = np.concatenate([[0], np.cumsum(one.counts)[:-1]])
    sums = torch.from_numpy(np.add.reduceat(chosen.float().cpu().numpy(), starts)).to(dtype)
    right = np.logical_and.reduceat(greedy.cpu().numpy(), starts)
    pairs = zip(sums.tolist(), right.tolist(), strict=True)
    return dict(zip(one.requests, pairs, strict=True))


def _read(
    logits: torch.Tensor, where: torch.Tensor, tokens: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the log-probability of each token asked for, and whether it is the likeliest.

    A few rows at a time, so that what is made of them stays in the processor's cache.

    Args:
        logits: [k, vocabulary].
        where: Row of each token, [n].
        tokens: [n].
    """
    chosen, greedy = logits.new_empty(len(where)), torch.empty_like(where, dtype=torch.bool)
    order = where.argsort()
    rows = max(1, _READ[logits.device.type] // logits.shape[1])
    counts = torch.bincount(where // rows, minlength=-(-len(logits) // rows)).tolist()
    for part, own in zip(torch.split(logits, rows), torch.split(order, counts), strict=True):
        at, asked = where[own] % rows, tokens[own]
        logs = F.log_softmax(part, dim=-1)
        chosen[own] = logs[at, asked]
        greedy[own] = _likeliest(logs)[at] == asked
    return chosen, greedy


def _likeliest(logs: torch.Tensor) -> torch.Tensor:
    """Return the index of each row's largest log-probability, the first of equal ones.

    On a CPU numpy finds it with vectors, torch number by number.
    """
    if logs.device.type != "cpu":
        return logs.argmax(dim=-1)
    if logs.dtype == torch.bfloat16:  # none is positive: the largest has the smallest bits
        return torch.from_numpy(logs.view(torch.int16).numpy().view(np.uint16).argmin(axis=-1))
    return torch.from_numpy(logs.float().numpy().argmax(axis=-1))


@contextmanager
def _only(model: PreTrainedModel, wanted: torch.Tensor) -> Iterator[None]:
    """Let the model compute logits of these nodes alone, as [1, k, vocabulary]."""

    def select(_: object, given: tuple[Any, ...]) -> tuple[Any, ...]:
        hidden = given[0]
        flat = hidden.reshape(1, -1, hidden.shape[-1])
        return (flat[:, wanted.to(hidden.device)], *given[1:])

    hook = model.get_output_embeddings().register_forward_pre_hook(select)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        hook.remove()
