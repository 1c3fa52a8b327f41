"""What mergekit's planner finds out about a recipe, kept for all recipes of the same shape."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from mergekit import merge_methods
from mergekit.architecture import WeightInfo
from mergekit.common import ModelReference, dtype_from_name
from mergekit.config import ConfigReader, MergeConfiguration
from mergekit.graph import Executor, Task
from mergekit.io.tasks import (
    FinalizeModel,
    GatherTensors,
    LoadTensor,
    SaveTensor,
    TensorWriterTask,
)
from mergekit.merge_methods.task_adapter import ExecuteMergeMethodTask
from mergekit.parameter_resolver import resolve_parameters
from mergekit.plan import MergePlanner

from evomerge.merge.kernels.tensors import Inputs, Values

Parameters = Mapping[str, Any] | None


@dataclass(frozen=True)
class Site:
    """Where in a recipe the parameters of one output tensor stand.

    Args:
        module: Name of the module of the architecture.
        output_slice: Index of the output slice.
        t: Position within the slice, in [0, 1]; gradients are evaluated there.
        weight: Name of the output tensor.
        inputs: Model → name of its tensor.
        sources: Model → index among the sources of the slice.
    """

    module: str
    output_slice: int
    t: float
    weight: str
    inputs: Mapping[ModelReference, str]
    sources: Mapping[ModelReference, int]


class Planner(MergePlanner):  # type: ignore[misc]
    """mergekit's planner, which also remembers the site of each tensor that it plans."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.sites: dict[str, Site] = {}

    def plan_tensor(
        self,
        weight: WeightInfo,
        weights_in: list[WeightInfo],
        models: list[ModelReference],
        cfg_reader: ConfigReader,
    ) -> None:
        """Plan one tensor, as mergekit does."""
        super().plan_tensor(weight, weights_in, models, cfg_reader)
        for name, module in self.config.modules.items():
            if module is cfg_reader.module:
                own = [s is cfg_reader.slice_out for s in module.slices].index(True)
                inputs = {m: w.name for m, w in zip(models, weights_in, strict=False)}
                sources = {s.model: i for i, s in enumerate(module.slices[own].sources)}
                self.sites[weight.name] = Site(
                    name, own, cfg_reader.t, weight.name, inputs, sources
                )


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

    @property
    def dtype(self) -> torch.dtype | None:
        """What the merged tensor is converted to, or None."""
        found: torch.dtype | None = dtype_from_name(self.save.dtype)
        return found


@dataclass(frozen=True)
class Plan:
    """The steps of all recipes of one shape, in the order in which mergekit takes them."""

    steps: tuple[Step, ...]

    def bind(self, config: MergeConfiguration) -> list[Values]:
        """Return the values that a recipe of this shape has for each step.

        Args:
            config: The recipe's configuration, not normalized.

        Raises:
            RuntimeError: A parameter lacks.
            ValueError: A value has the wrong type.
        """
        return [_values(step, config) for step in self.steps]


def compile_plan(
    tasks: Sequence[Task[Any]],
    sites: Mapping[str, Site],
    inputs: Callable[[ExecuteMergeMethodTask], Inputs | None],
) -> Plan | None:
    """Put the steps of a plan in mergekit's order; None if it does more than merge tensors.

    Args:
        tasks: What mergekit's plan gives.
        sites: Output tensor → its site.
        inputs: Gives what a step is merged from, where kernels can take it.
    """
    schedule = [handle.task() for handle in Executor(list(tasks)).schedule.tasks]
    if any(not isinstance(task, _KNOWN) for task in schedule):
        return None
    saves = {id(task.tensor_task): task for task in schedule if isinstance(task, SaveTensor)}
    merges = [task for task in schedule if isinstance(task, ExecuteMergeMethodTask)]
    return Plan(
        tuple(
            Step(merge, saves[id(merge)], sites[merge.output_weight.name], inputs(merge))
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


def _values(step: Step, config: MergeConfiguration) -> Values:
    site = step.site
    shared, own = resolve_parameters(
        merge_methods.get(step.merge.method_name).spec,
        tensor_name=site.weight,
        inputs=site.inputs,
        sources=lambda model: _settings(config, site, model),
        base_model=step.merge.base_model,
        t=site.t,
    )
    return Values(shared, [own[model] for model in step.merge.model_order])


def _settings(
    config: MergeConfiguration, site: Site, model: ModelReference | None
) -> Iterator[Parameters]:
    """Yield the settings that hold at a site, the nearest first, as mergekit's reader does."""
    part = config.modules[site.module] if config.modules else config
    sources = part.models
    if not sources:
        output = part.slices[site.output_slice]
        sources = output.sources
    if model is not None:
        index = site.sources[model]
        if index < len(sources):  # else it is the base, which mergekit adds
            yield sources[index].parameters
    if not part.models:
        yield output.parameters
    if config.modules:
        yield part.parameters
    yield config.parameters
