"""Plan the forward passes for some requests: rows of tries, and the logits that are needed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedConfig, PreTrainedModel

from evomerge.evaluate.packing.tries import (
    Row,
    Tokens,
    best_rows,
    pass_tokens,
    passes_of,
    single_rows,
)


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
        seen: Which nodes each attends to, as packed bits, uint8 [rows, length, length / 8]; None
            where each row is one sequence, and each node attends to those before it.
        wanted: Flat indices of the nodes whose logits are needed, [k].
        asked: For each token of a continuation, the index among `wanted` and the token, [2, n].
        counts: Tokens of each continuation.
        requests: Indices of the requests that are answered here.
    """

    tokens: torch.Tensor
    positions: torch.Tensor
    seen: np.ndarray | None
    wanted: torch.Tensor
    asked: torch.Tensor
    counts: np.ndarray
    requests: list[int]


def plan_passes(
    requests: Sequence[Request], model: PreTrainedModel, shrink: int = 1, packed: bool = True
) -> list[Pass]:
    """Plan the forward passes for requests, the same for every model of this form.

    Args:
        requests: What is asked.
        model: Gives the work of a token, and what its logits take.
        shrink: What the number of tokens of a pass is divided by.
        packed: Whether a row may hold several sequences; a model has to follow any mask then.
    """
    sequences = [request.tokens for request in requests]
    rows = (
        best_rows(sequences, _cost(model.config.get_text_config()))
        if packed
        else single_rows(sequences)
    )
    by_tokens: dict[Tokens, list[int]] = {}
    for index, request in enumerate(requests):
        by_tokens.setdefault(request.tokens, []).append(index)
    logits = model.config.get_text_config().vocab_size * (model.dtype.itemsize + 4)
    budget = max(1, pass_tokens(logits, model.device.type) // shrink)
    return [_plan(rows, requests, by_tokens, packed) for rows in passes_of(rows, budget)]


def seen_by(row: Row) -> np.ndarray:
    """Return which nodes a node attends to, bool [n, n]: those before it, and itself."""
    mask = np.eye(len(row), dtype=np.bool_)
    for node, parent in enumerate(row.parents):
        if parent >= 0:
            mask[node] |= mask[parent]
    return mask


def _plan(
    rows: Sequence[Row],
    requests: Sequence[Request],
    by_tokens: dict[Tokens, list[int]],
    packed: bool,
) -> Pass:
    length = len(rows[0])
    tokens = torch.zeros(len(rows), length, dtype=torch.long)
    positions = torch.zeros(len(rows), length, dtype=torch.long)
    seen = np.eye(length, dtype=np.bool_)[None].repeat(len(rows), axis=0) if packed else None
    wanted: dict[int, int] = {}
    asked: list[tuple[int, int]] = []
    counts, answered = [], []
    for at, row in enumerate(rows):
        tokens[at, : len(row)] = torch.tensor(row.tokens)
        positions[at, : len(row)] = torch.tensor(row.depths)
        if seen is not None:
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
        None if seen is None else np.packbits(seen, axis=-1),
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
