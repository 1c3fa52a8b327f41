"""Run a planned pass: log-likelihoods off its few logits, and gradients back through it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from transformers import PreTrainedModel

from evomerge.errors import Failure, TrialError
from evomerge.evaluate.packing.checkpointing import recomputed
from evomerge.evaluate.packing.onednn import wide_products
from evomerge.evaluate.packing.plan import Pass

_READ = {"cpu": 2**21, "cuda": 2**28}
"""Logits that are read at a time, by kind of device."""


Answers = dict[int, tuple[float, bool]]
"""Index of a request → its log-likelihood, and whether it is greedy."""


@torch.inference_mode()
def answer(model: PreTrainedModel, one: Pass) -> Answers:
    """Return for each request of a pass, by index, its log-likelihood and whether it is greedy.

    Numbers are rounded where lm-eval's `HFLM` rounds them.
    """
    return _answers(one, *_asked(model, one), model.dtype)


@torch.inference_mode()
def likelihoods(model: PreTrainedModel, one: Pass) -> np.ndarray:
    """Return the log-likelihoods of a pass's requests, [k], before they are rounded."""
    return _asked(model, one)[0]


def differentiate(
    model: PreTrainedModel,
    one: Pass,
    slopes: Callable[[list[int], np.ndarray], np.ndarray],
    again: bool = False,
) -> Answers:
    """Return what `answer` does, bit for bit, after a backward pass through the same activations.

    Args:
        model: Those of its weights that require gradients accumulate them.
        one: The pass.
        slopes: Requests, and their log-likelihoods [k] before they are rounded → the loss's
            derivative by each, [k].
        again: Whether activations are computed again instead of being kept.
    """
    kept = recomputed(model) if again else nullcontext()
    with torch.enable_grad(), wide_products(model), kept:
        logits = _logits(model, one)
        with torch.no_grad():
            where, tokens = one.asked.to(logits.device)
            sums, right = _summed(one, *_read(logits, where, tokens))
            weights = np.repeat(slopes(one.requests, sums), one.counts)
            if weights.any():
                weighed = torch.from_numpy(weights).to(logits.device)
                pull = _pull(logits, where, tokens, weighed)
        if weights.any() and logits.requires_grad:
            logits.backward(pull)  # type: ignore[no-untyped-call]
    return _answers(one, sums, right, model.dtype)


def _asked(model: PreTrainedModel, one: Pass) -> tuple[np.ndarray, np.ndarray]:
    with wide_products(model):
        logits = _logits(model, one)
    return _summed(one, *_read(logits, *one.asked.to(logits.device)))


def _logits(model: PreTrainedModel, one: Pass) -> torch.Tensor:
    """Return the logits of the nodes that are wanted, [k, vocabulary]."""
    device, dtype = model.device, model.dtype
    given: dict[str, torch.Tensor] = {}
    if one.seen is not None:
        seen = np.unpackbits(one.seen, axis=-1, count=one.tokens.shape[1])
        mask = torch.zeros(seen.shape, dtype=dtype, device=device)
        mask.masked_fill_(torch.from_numpy(seen).to(device) == 0, torch.finfo(dtype).min)
        given = {"position_ids": one.positions.to(device), "attention_mask": mask.unsqueeze(1)}
    with _only(model, one.wanted):
        output = model(input_ids=one.tokens.to(device), use_cache=False, **given)
    logits: torch.Tensor = output.logits[0]
    return logits


def _summed(one: Pass, chosen: torch.Tensor, greedy: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return the log-likelihood of each request, and whether each of its tokens is likeliest."""
    starts = np.concatenate([[0], np.cumsum(one.counts)[:-1]])
    sums = np.add.reduceat(chosen.float().cpu().numpy(), starts)
    return sums, np.logical_and.reduceat(greedy.cpu().numpy(), starts)


def _answers(one: Pass, sums: np.ndarray, right: np.ndarray, dtype: torch.dtype) -> Answers:
    rounded = torch.from_numpy(sums).to(dtype).tolist()
    return dict(zip(one.requests, zip(rounded, right.tolist(), strict=True), strict=True))


def _pull(
    logits: torch.Tensor, where: torch.Tensor, tokens: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """Return the derivative by the logits of Σ weight × log-probability of a token.

    A few rows at a time, in float32 at least.

    Args:
        logits: [k, vocabulary].
        where: Row of each token, [n].
        tokens: [n].
        weights: [n].
    """
    pull = torch.empty_like(logits)
    finer = torch.promote_types(logits.dtype, torch.float32)
    weights = weights.to(finer)
    order = where.argsort()
    rows = max(1, _READ[logits.device.type] // logits.shape[1])
    counts = torch.bincount(where // rows, minlength=-(-len(logits) // rows)).tolist()
    parts = zip(
        torch.split(logits, rows), torch.split(pull, rows), torch.split(order, counts), strict=True
    )
    for part, out, own in parts:
        at, each = where[own] % rows, weights[own]
        totals = each.new_zeros(len(part)).index_add_(0, at, each)
        found = torch.softmax(part, dim=-1, dtype=finer).mul_(-totals[:, None])
        found.index_put_((at, tokens[own]), each, accumulate=True)
        out.copy_(found)
    return pull


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
    """Let the model compute logits of these nodes alone, as [1, k, vocabulary].

    Raises:
        TrialError: It has no output embeddings (`NO_GRADIENT`); no packable model lacks them.
    """

    def select(_: object, given: tuple[Any, ...]) -> tuple[Any, ...]:
        hidden = given[0]
        flat = hidden.reshape(1, -1, hidden.shape[-1])
        return (flat[:, wanted.to(hidden.device)], *given[1:])

    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    if head is None:
        raise TrialError(Failure.NO_GRADIENT, "the model has no output embeddings of its own")
    hook = head.register_forward_pre_hook(select)
    try:
        yield
    finally:
        hook.remove()
