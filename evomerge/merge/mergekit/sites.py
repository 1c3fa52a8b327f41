"""Where in a recipe the parameters of each output tensor stand, and which values stand there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mergekit import merge_methods
from mergekit.architecture import WeightInfo
from mergekit.common import ModelReference
from mergekit.config import ConfigReader, MergeConfiguration
from mergekit.merge_methods.task_adapter import ExecuteMergeMethodTask
from mergekit.parameter_resolver import resolve_parameters
from mergekit.plan import MergePlanner

from evomerge.merge.tensors import Values

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


def values_at(site: Site, task: ExecuteMergeMethodTask, config: MergeConfiguration) -> Values:
    """Return the values that a recipe has at a site.

    Args:
        site: Where they stand.
        task: mergekit's task that merges there, of any recipe of the same form.
        config: The recipe's configuration, not normalized.

    Raises:
        RuntimeError: A parameter lacks.
        ValueError: A value has the wrong type.
    """
    shared, own = resolve_parameters(
        merge_methods.get(task.method_name).spec,
        tensor_name=site.weight,
        inputs=site.inputs,
        sources=lambda model: _settings(config, site, model),
        base_model=task.base_model,
        t=site.t,
    )
    return Values(shared, [own[model] for model in task.model_order])


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
