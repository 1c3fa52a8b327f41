"""Derivatives of one merged tensor by its parameters, through mergekit's own method by autograd."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from evomerge.merge.mergekit.steps import Step
from evomerge.merge.tensors import Parameter, Values
from evomerge.methods.traits import traits

_IDLE, _NOTHING = 1e-4, 1e-3
"""What a weight of 0 is taken for where signs are elected, and what a sum of such stays below.

float16 still tells the signs of a task vector of 1e-3 times the first."""


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
    elects = traits(step.merge.method_name).in_weights == "piecewise"
    idle = False
    shared, own = dict(values.shared), [dict(one) for one in values.own]
    for index, name in wanted:
        place = shared if index is None else own[index]
        value = place[name]
        if value is not None:
            idle |= elects and name == "weight" and value == 0
            near = _near(name, value, elects)
            place[name] = parameters[index, name] = torch.tensor(
                near, dtype=torch.float64, device=device, requires_grad=True
            )
    with torch.enable_grad(), _Following(idle):
        merged = step.by_mergekit(Values(shared, own), device)
    return Traced(merged if merged is not None and merged.requires_grad else None, parameters)


def _near(name: str, value: float, elects: bool) -> float:
    """Return a value beside one at which mergekit would hide the derivative."""
    if name == "lambda" and value == 1:  # mergekit leaves it out
        return math.nextafter(1, 2)
    if elects and name == "weight" and value == 0:  # no sign agrees with none
        return _IDLE
    return value


def _scale(gradient: torch.Tensor) -> torch.Tensor:
    """Return the power of two that lifts a gradient to what float16 can hold."""
    largest = gradient.abs().max().double().clamp(min=1e-30)
    return torch.exp2(-torch.floor(torch.log2(largest)))


class _Following(TorchFunctionMode):
    """Lets mergekit's arithmetic be followed.

    `torch.tensor` keeps the graph of tensors that stand in a list; it would copy them.

    Args:
        idle: Whether weights stand beside 0, so that sums of them alone are to count as 0: what
            only they have part in is divided by nothing.
    """

    def __init__(self, idle: bool) -> None:
        super().__init__()
        self._idle = idle

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        given = kwargs or {}
        if func is torch.tensor and isinstance(args[0], list) and _holds_tensors(args[0]):
            return _stacked(args[0]).to(**given)
        if self._idle and func is torch.Tensor.__eq__ and isinstance(args[1], int) and not args[1]:
            return args[0].abs() < _NOTHING
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
