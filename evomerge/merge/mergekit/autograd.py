"""Derivatives of one merged tensor by its parameters, through mergekit's own method by autograd."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from evomerge.merge.mergekit.steps import Step
from evomerge.merge.tensors import Parameter, Values


@dataclass(frozen=True)
class Traced:
    """A merged tensor that knows how it was made.

    Args:
        merged: The tensor, or None where no parameter had a part in it.
        parameters: What it was made with, 0-dimensional.
    """

    merged: torch.Tensor | None
    parameters: Mapping[Parameter, torch.Tensor]

    def slopes(self, gradient: torch.Tensor) -> dict[Parameter, torch.Tensor]:
        """Return what a loss changes by with each parameter, 0-dimensional; used once.

        Args:
            gradient: The loss's gradient with respect to the tensor, of its shape.
        """
        if self.merged is None:
            return {}
        given = gradient.to(self.merged.device)
        scale = _scale(given) if self.merged.dtype is torch.float16 else torch.ones(())
        wanted = list(self.parameters.values())
        found = torch.autograd.grad(
            self.merged, wanted, (given * scale).to(self.merged.dtype), allow_unused=True
        )
        slopes = zip(self.parameters, found, strict=True)
        return {name: slope / scale for name, slope in slopes if slope is not None}


def traced(step: Step, values: Values, wanted: Collection[Parameter], device: str) -> Traced:
    """Merge one tensor by mergekit, with a graph from its parameters to it.

    Args:
        step: Its making.
        values: Its parameters.
        wanted: Those of them that a derivative is wanted of.
        device: Where the arithmetic runs.
    """
    parameters: dict[Parameter, torch.Tensor] = {}
    shared, own = dict(values.shared), [dict(one) for one in values.own]
    for index, name in wanted:
        place = shared if index is None else own[index]
        if place[name] is not None:
            place[name] = parameters[index, name] = _parameter(place[name], device)
    with torch.enable_grad(), _Stacks():
        merged = step.by_mergekit(Values(shared, own), device)
    return Traced(merged if merged is not None and merged.requires_grad else None, parameters)


def _parameter(value: float, device: str) -> torch.Tensor:
    # mergekit leaves a lambda of exactly 1 out
    near = math.nextafter(1, 2) if value == 1 else value
    return torch.tensor(near, dtype=torch.float64, device=device, requires_grad=True)


def _scale(gradient: torch.Tensor) -> torch.Tensor:
    """Return the power of two that lifts a gradient to what float16 can hold."""
    largest = gradient.abs().max().double().clamp(min=1e-30)
    return torch.exp2(-torch.floor(torch.log2(largest)))


class _Stacks(TorchFunctionMode):
    """Lets `torch.tensor` keep the graph of tensors that stand in a list; it would copy them."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given = kwargs or {}
        if func is torch.tensor and isinstance(args[0], list) and _holds_tensors(args[0]):
            return _stacked(args[0]).to(**given)
        return func(*args, **given)


def _holds_tensors(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_holds_tensors, value))
    return isinstance(value, torch.Tensor)


def _stacked(value: Any) -> torch.Tensor:
    if isinstance(value, list):
        return torch.stack([_stacked(one) for one in value])
    if isinstance(value, torch.Tensor):
        return value
    return torch.tensor(value, dtype=torch.float64)
