"""The steps in which mergekit merges a recipe, for all recipes of the same form."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from mergekit.common import dtype_from_name
from mergekit.config import MergeConfiguration
from mergekit.graph import Task
from mergekit.io.tasks import (
    FinalizeModel,
    GatherTensors,
    LoadTensor,
    SaveTensor,
    TensorWriterTask,
)
from mergekit.merge_methods.task_adapter import ExecuteMergeMethodTask

from evomerge.merge.mergekit.private import schedule, stored_tensor
from evomerge.merge.mergekit.sites import Site, shares_at, values_at
from evomerge.merge.tensors import Inputs, Parameter, Values
from evomerge.recipe.leaves import Leaf


@dataclass(frozen=True)
class Read:
    """A parent's tensor, as a step reads it.

    Args:
        name: What tells it from all others of the search.
        tensor: The tensor, or None where the parent has none.
        stored: Whether it lies in the parent's own memory, and not in a copy made for the step.
    """

    name: str
    tensor: torch.Tensor | None
    stored: bool


@dataclass(frozen=True)
class Step:
    """The making of one output tensor.

    Args:
        merge: mergekit's task; its parameters are those of the recipe that was planned.
        save: mergekit's task that would write the tensor: its name, dtype, whether it may lack.
        site: Where its parameters stand.
        inputs: What it is merged from, where kernels can take that; else None.
    """

    merge: ExecuteMergeMethodTask
    save: SaveTensor
    site: Site
    inputs: Inputs | None

    def by_mergekit(self, values: Values, device: str) -> torch.Tensor | None:
        """Return the tensor as mergekit merges it; None where an optional one lacks.

        Args:
            values: Its parameters.
            device: Where mergekit's executor would hold tensors and do arithmetic.
        """
        own = dict(zip(self.merge.model_order, values.own, strict=True))
        bound = {"parameters": dict(values.shared), "input_parameters": own}
        loaded = {
            task.model: task.execute() for task in self.merge.gather_tensors.arguments().values()
        }
        tensors = {model: t.to(device) for model, t in loaded.items() if t is not None}
        merged: torch.Tensor | None = self.merge.model_copy(update=bound).execute(tensors)
        return merged

    def shares(self, config: MergeConfiguration) -> dict[Parameter, dict[Leaf, float]]:
        """Return the share that numbers of a recipe have in its parameters; see `shares_at`."""
        return shares_at(self.site, self.merge, config)

    @property
    def dtype(self) -> torch.dtype | None:
        """What the merged tensor is converted to, or None."""
        found: torch.dtype | None = dtype_from_name(self.save.dtype)
        return found


@dataclass(frozen=True)
class Steps:
    """The steps of all recipes of one form, in the order in which mergekit takes them."""

    steps: tuple[Step, ...]

    def bind(self, config: MergeConfiguration) -> list[Values]:
        """Return the values that a recipe of this form has for each step.

        Args:
            config: The recipe's configuration, not normalized.

        Raises:
            RuntimeError: A parameter lacks.
            ValueError: A value has the wrong type.
        """
        return [values_at(step.site, step.merge, config) for step in self.steps]


def compile_steps(
    tasks: Sequence[Task[Any]],
    sites: Mapping[str, Site],
    inputs: Callable[[list[Read], int | None], Inputs | None] | None = None,
) -> Steps | None:
    """Put the steps of a merge in mergekit's order; None if it does more than merge tensors.

    Args:
        tasks: What mergekit's plan gives.
        sites: Output tensor → its site.
        inputs: Gives what a step is merged from, where kernels can take it; called with what
            the step reads, a model each, and the index of the base model or None. Without it
            no tensor is loaded.
    """
    ordered = schedule(tasks)
    if any(not isinstance(task, _KNOWN) for task in ordered):
        return None
    saves = {id(task.tensor_task): task for task in ordered if isinstance(task, SaveTensor)}
    merges = [task for task in ordered if isinstance(task, ExecuteMergeMethodTask)]
    return Steps(
        tuple(
            Step(
                merge,
                saves[id(merge)],
                sites[merge.output_weight.name],
                inputs(*_reads(merge)) if inputs is not None else None,
            )
            for merge in merges
        )
    )


_KNOWN = (
    SaveTensor,
    FinalizeModel,
    TensorWriterTask,
    ExecuteMergeMethodTask,
    GatherTensors,
    LoadTensor,
)


def _reads(task: ExecuteMergeMethodTask) -> tuple[list[Read], int | None]:
    loads = {load.model: load for load in task.gather_tensors.arguments().values()}
    base = task.base_model
    reads = [_read(loads[model]) for model in task.model_order]
    return reads, task.model_order.index(base) if base else None


def _read(load: LoadTensor) -> Read:
    tensor = load.execute()
    held = stored_tensor(load)
    stored = tensor is not None and held is not None and held.data_ptr() == tensor.data_ptr()
    return Read(f"{load.model}:{load.tensor}", tensor, stored)
