"""Activations that are computed again in the backward pass instead of being kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch.utils.checkpoint import checkpoint
from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer


@contextmanager
def recomputed(model: PreTrainedModel) -> Iterator[None]:
    """Keep only what enters each layer of a model; its inside is computed again when needed.

    The backward pass belongs into the block too. Values stay the same, bit for bit. The model
    stays in eval mode, which transformers' own checkpointing does not allow.

    Args:
        model: The model.
    """
    layers: list[Any] = [m for m in model.modules() if isinstance(m, GradientCheckpointingLayer)]
    before = [vars(layer).get("forward") for layer in layers]
    try:
        for layer in layers:
            layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)
        yield
    finally:
        for layer, forward in zip(layers, before, strict=True):
            if forward is None:
                del layer.forward
            else:
                layer.forward = forward
