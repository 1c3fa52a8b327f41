"""Gradients of a live model's weights, each handed on and freed as soon as it is whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from transformers import PreTrainedModel

from evomerge.errors import is_out_of_memory


class GradientError(Exception):
    """What takes gradients failed at a weight: a fault of the program, not of the model."""


class Gradients(Protocol):
    """What takes the gradients of weights."""

    @property
    def names(self) -> frozenset[str]:
        """Names among the model's `named_parameters` whose gradients are wanted."""
        ...

    def add(self, name: str, gradient: torch.Tensor) -> None:
        """Take the gradient of one weight, of some documents' loss; called many times a name.

        Args:
            name: One of `names`.
            gradient: Shape, dtype and device of the weight; it is freed afterwards.
        """
        ...


@contextmanager
def differentiable(model: PreTrainedModel, gradients: Gradients) -> Iterator[None]:
    """Let backward passes through a model hand on gradients; weights are restored afterwards.

    A weight that stands in two places, such as tied embeddings, gives one gradient, of both.

    Args:
        model: The model, in eval mode.
        gradients: Says which weights, and takes their gradients.
    """
    weights = dict(model.named_parameters())
    before = {name: weight.requires_grad for name, weight in weights.items()}
    hooks = []
    try:
        for name, weight in weights.items():
            weight.requires_grad_(name in gradients.names)
        for name in gradients.names:

            def hand_on(weight: torch.Tensor, name: str = name) -> None:
                assert weight.grad is not None
                gradient, weight.grad = weight.grad, None
                try:
                    gradients.add(name, gradient)
                except RuntimeError as error:
                    if is_out_of_memory(error):
                        raise
                    raise GradientError(name) from error

            weight = weights[name]
            hooks.append(weight.register_post_accumulate_grad_hook(hand_on))  # type: ignore[no-untyped-call]
        yield
    finally:
        for hook in hooks:
            hook.remove()
        for name, weight in weights.items():
            weight.requires_grad_(before[name])
            weight.grad = None
