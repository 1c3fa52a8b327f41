"""The way back through a merge: from gradients of its tensors to those of their parameters."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from threading import Lock
from typing import NamedTuple

import torch

from evomerge.merge.kernels.arithmetic import Arithmetic
from evomerge.merge.kernels.draws import Draws, Mark
from evomerge.merge.mergekit.autograd import traced
from evomerge.merge.mergekit.configuration import Configuration
from evomerge.merge.mergekit.process import threads
from evomerge.merge.mergekit.steps import Step
from evomerge.merge.slopes import Part
from evomerge.merge.tensors import Parameter, Values

_ONE_STREAM = Lock()
"""Held while random numbers are drawn again: GPUs have a thread each, all share torch's generators.

Not held while a graph is run, since graphs of two GPUs may wait for each other."""


class Made(NamedTuple):
    """How one tensor was made.

    Args:
        step: Its step.
        values: The values of its parameters.
        fast: Whether a kernel made it.
        mark: Where the random numbers stood before, or None where none are drawn.
    """

    step: Step
    values: Values
    fast: bool
    mark: Mark | None


class Run(NamedTuple):
    """How the tensors of one recipe were made.

    Args:
        config: The recipe's configuration, not normalized.
        draws: Its random numbers.
        threads: CPU threads that they were made on, or None where any will do: masks are scaled
            by sums over whole tensors.
        made: The tensors, in order.
    """

    config: Configuration
    draws: Draws
    threads: int | None
    made: Sequence[Made]


def parts(run: Run, arithmetic: Arithmetic, device: str) -> dict[str, Part]:
    """Return the parts that tensors have in the slopes of the recipe that they were made by.

    Args:
        run: How they were made.
        arithmetic: The kernels that made some of them.
        device: Where mergekit made the others.

    Returns:
        Name of a tensor → its part, of those that depend on a number of the recipe.
    """
    found: dict[str, Part] = {}
    for made in run.made:
        shares = {name: own for name, own in made.step.shares(run.config).items() if own}
        if shares and made.fast:
            fast = partial(_by_kernel, made, run, arithmetic)
            found[made.step.save.tensor_name] = Part(shares, fast)
        elif shares:
            slow = partial(_by_autograd, made, run, frozenset(shares), device)
            found[made.step.save.tensor_name] = Part(shares, slow)
    return found


def _by_kernel(
    made: Made, run: Run, arithmetic: Arithmetic, gradient: torch.Tensor
) -> Mapping[Parameter, float]:
    inputs, method = made.step.inputs, made.step.merge.method_name
    assert inputs is not None
    with threads(run.threads), _drawn_again(made, run.draws) as draws:
        return arithmetic.slopes(method, inputs, made.values, draws, gradient)


def _by_autograd(
    made: Made, run: Run, wanted: Collection[Parameter], device: str, gradient: torch.Tensor
) -> Mapping[Parameter, torch.Tensor]:
    with _ONE_STREAM, threads(run.threads), _drawn_again(made, run.draws):
        merged = traced(made.step, made.values, wanted, device)
    return merged.slopes(gradient)


def _drawn_again(made: Made, draws: Draws) -> AbstractContextManager[Draws]:
    return draws.back_at(made.mark) if made.mark else nullcontext(draws)
