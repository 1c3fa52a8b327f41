"""Log-likelihoods by forward passes over rows of tries: shared beginnings and few logits."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from transformers import PreTrainedConfig, PreTrainedModel

from evomerge.evaluate.packing.onednn import wide_products
from evomerge.evaluate.packing.tries import LONGEST, Row, Tokens, best_rows, pass_tokens, passes_of

PACKABLE = frozenset(
    """
    apertus arcee cohere cohere2 ernie4_5 exaone4 gemma gemma2 gemma3_text glm glm4 gpt2
    gpt_bigcode gpt_neox gptj granite helium hunyuan_v1_dense jetmoe llama mistral mixtral
    nemotron olmo olmo2 olmo3 opt phi phi3 qwen2 qwen2_moe qwen3 qwen3_moe seed_oss smollm3
    stablelm starcoder2
    """.split()
)
"""Model types whose attention follows any mask; a test holds each to lm-eval's values."""

_LAYERS = frozenset({"full_attention", "sliding_attention"})
_READ = {"cpu": 2**21, "cuda": 2**28}
"""Logits that are read at a time, by kind of device."""

_MOVING_ROPE = frozenset({"dynamic", "longrope"})


@dataclass(frozen=True)
class Request:
    """A continuation whose log-likelihood is asked for.

    Args:
        tokens: Context and continuation but for its last token: what the model reads.
        continuation: What it is to go on with, at the end of `tokens` and one beyond.
    """

    tokens: Tokens
    continuation: Tokens


@dataclass(frozen=True)
class Pass:
    """One forward pass.

    Args:
        tokens: [rows, length].
        positions: [rows, length].
        seen: Which nodes each attends to, as packed bits, uint8 [rows, length, length / 8].
        wanted: Flat indices of the nodes whose logits are needed, [k].
        asked: For each token of a continuation, the index among `wanted` and the token, [2, n].
        counts: Tokens of each continuation.
        requests: Indices of the requests that are answered here.
    """

    tokens: torch.Tensor
    positions: torch.Tensor
    seen: np.ndarray
    wanted: torch.Tensor
    asked: torch.Tensor
    counts: np.ndarray
    requests: list[int]


def packable(model: PreTrainedModel, longest: int) -> bool:
    """Whether a model's log-likelihoods can be had from packed rows.

    Args:
        model: A causal LM.
        longest: Tokens of the longest sequence.
    """
    config = model.config
    window = getattr(config, "sliding_window", None)
    return (
        config.model_type in PACKABLE
        and config._attn_implementation in ("sdpa", "eager")
        and _head(model) is not None
        and longest <= LONGEST
        and (not window or window >= longest)
        and set(getattr(config, "layer_types", None) or ()) <= _LAYERS
        and not _MOVING_ROPE & set(_rope_types(getattr(config, "rope_parameters", None)))
    )


def plan_passes(requests: Sequence[Request], model: PreTrainedModel, shrink: int = 1) -> list[Pass]:
    """Plan the forward passes for requests, the same for every model of this form.

    Args:
        requests: What is asked.
        model: Gives the work of a token, and what its logits take.
        shrink: What the number of tokens of a pass is divided by.
    """
    rows = best_rows([request.tokens for request in requests], _cost(model.config))
    by_tokens: dict[Tokens, list[int]] = {}
    for index, request in enumerate(requests):
        by_tokens.setdefault(request.tokens, []).append(index)
    logits = model.config.vocab_size * (model.dtype.itemsize + 4)
    budget = max(1, pass_tokens(logits, model.device.type) // shrink)
    return [_plan(rows, requests, by_tokens) for rows in passes_of(rows, budget)]


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


def seen_by(row: Row) -> np.ndarray:
    """Return which nodes a node attends to, bool [n, n]: those before it, and itself."""
    mask = np.eye(len(row), dtype=np.bool_)
    for node, parent in enumerate(row.parents):
        if parent >= 0:
            mask[node] |= mask[parent]
    return mask


@contextmanager
def _only(model: PreTrainedModel, wanted: torch.Tensor) -> Iterator[None]:
    """Let the model compute logits of these nodes alone, as [1, k, vocabulary]."""

    def select(_: object, given: tuple[Any, ...]) -> tuple[Any, ...]:
        hidden = given[0]
        flat = hidden.reshape(1, -1, hidden.shape[-1])
        return (flat[:, wanted.to(hidden.device)], *given[1:])

    hook = _head(model).register_forward_pre_hook(select)
    try:
        yield
    finally:
        hook.remove()


def _head(model: PreTrainedModel) -> Any:
    return model.get_output_embeddings()  # type: ignore[no-untyped-call]


def _plan(
    rows: Sequence[Row], requests: Sequence[Request], by_tokens: dict[Tokens, list[int]]
) -> Pass:
    length = len(rows[0])
    tokens = torch.zeros(len(rows), length, dtype=torch.long)
    positions = torch.zeros(len(rows), length, dtype=torch.long)
    seen = np.broadcast_to(np.eye(length, dtype=np.bool_), (len(rows), length, length)).copy()
    wanted: dict[int, int] = {}
    asked: list[tuple[int, int]] = []
    counts, answered = [], []
    for at, row in enumerate(rows):
        tokens[at, : len(row)] = torch.tensor(row.tokens)
        positions[at, : len(row)] = torch.tensor(row.depths)
        seen[at, : len(row), : len(row)] = seen_by(row)
        for sequence, path in row.paths.items():
            for index in by_tokens[sequence]:
                continuation = requests[index].continuation
                nodes = [at * length + node for node in path[-len(continuation) :]]
                for node, token in zip(nodes, continuation, strict=True):
                    asked.append((wanted.setdefault(node, len(wanted)), token))
                counts.append(len(continuation))
                answered.append(index)
    return Pass(
        tokens,
        positions,
        np.packbits(seen, axis=-1),
        torch.tensor(list(wanted)),
        torch.tensor(asked).T.contiguous(),
        np.array(counts),
        answered,
    )


def _cost(config: PreTrainedConfig) -> Callable[[int, int], float]:
    """Return the FLOPs of tokens in rows of a length: matrix products, and attention."""
    layers, hidden = config.num_hidden_layers, config.hidden_size
    inner = getattr(config, "intermediate_size", None) or 4 * hidden
    products = 2 * layers * (4 * hidden**2 + 3 * hidden * inner)
    attention = 4 * layers * hidden
    return lambda tokens, length: tokens * (products + attention * length)


def _rope_types(parameters: Any) -> Iterator[str]:
    if isinstance(parameters, dict):
        if "rope_type" in parameters:
            yield parameters["rope_type"]
        for value in parameters.values():
            yield from _rope_types(value)
