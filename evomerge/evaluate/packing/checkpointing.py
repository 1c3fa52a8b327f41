"""Activations that are computed again in the backward pass instead of being kept."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import psutil
import torch
from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer

from evomerge.evaluate.packing.activations import KEPT, activation_bytes
from evomerge.evaluate.packing.onednn import wide_products

_FREE = 0.5
"""Share of free memory that activations may take."""


def must_recompute(model: PreTrainedModel, tokens: int) -> bool:
    """Whether the activations of a pass are more than should be kept.

    Args:
        model: The model.
        tokens: Tokens of the pass, padding too.
    """
    config, device = model.config.get_text_config(), model.device
    needed = activation_bytes(
        tokens,
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        inner=getattr(config, "intermediate_size", None) or 4 * config.hidden_size,
        itemsize=model.dtype.itemsize,
    )
    return needed > min(KEPT[device.type], _FREE * _free(device))


def _free(device: torch.device) -> int:
    if device.type != "cuda":
        return int(psutil.virtual_memory().available)
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0]) + unused


@contextmanager
def recomputed(model: PreTrainedModel) -> Iterator[None]:
    """Keep only what enters each layer of a model; its inside is computed again when needed.

    The forward pass belongs into the block; it is repeated with the products that a trial takes,
    and so bit for bit. The model stays in eval mode, which transformers' own checkpointing does
    not allow.

    Args:
        model: The model.
    """

    def contexts() -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
        return nullcontext(), wide_products(model)  # the backward pass has left its block

    layers: list[Any] = [m for m in model.modules() if isinstance(m, GradientCheckpointingLayer)]
    before = [vars(layer).get("forward") for layer in layers]
    try:
        for layer in layers:
            layer.forward = partial(
                checkpoint, layer.forward, use_reentrant=False, context_fn=contexts
            )
        yield
    finally:
        for layer, forward in zip(layers, before, strict=True):
            if forward is None:
                del layer.forward
            else:
                layer.forward = forward
