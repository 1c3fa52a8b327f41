"""Where in a recipe the parameters of each output tensor stand, and which values stand there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mergekit import merge_methods
from mergekit.architecture import WeightInfo
from mergekit.common import ModelReference
from mergekit.config import ConditionalParameter, ConfigReader, MergeConfiguration
from mergekit.merge_methods.base import ParameterScope, ParameterSpec
from mergekit.merge_methods.task_adapter import ExecuteMergeMethodTask
from mergekit.parameter_resolver import resolve_parameters
from mergekit.plan import MergePlanner

from evomerge.merge.tensors import Parameter, Values
from evomerge.methods.traits import traits
from evomerge.recipe.leaves import Leaf

Settings = Mapping[str, Any] | None


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
        sources=lambda model: [found for _, found in _settings(config, site, model)],
        base_model=task.base_model,
        t=site.t,
    )
    return Values(shared, [own[model] for model in task.model_order])


def shares_at(
    site: Site, task: ExecuteMergeMethodTask, config: MergeConfiguration
) -> dict[Parameter, dict[Leaf, float]]:
    """Return the share that numbers of a recipe have in the values at a site.

    A value is a sum of shares times numbers: the anchors of a gradient on both sides have a share
    each, a plain number has the share 1. What no filter lets through, or a default gives, has none.

    Args:
        site: Where the values stand.
        task: mergekit's task that merges there, of any recipe of the same form.
        config: The recipe's configuration, not normalized.

    Returns:
        Parameter that has a derivative → leaf of the recipe's document → share.
    """
    found: dict[Parameter, dict[Leaf, float]] = {}
    for parameter in merge_methods.get(task.method_name).spec.parameters:
        if parameter.name not in traits(task.method_name).differentiable:
            continue
        if parameter.scope is ParameterScope.SHARED:
            settings = _settings(config, site, None)
            found[None, parameter.name] = _nearest(settings, parameter, site.weight, site.t)
            continue
        for index, model in enumerate(task.model_order):
            if model != task.base_model or parameter.scope is ParameterScope.INPUT:
                settings = _settings(config, site, model)
                tensor = site.inputs[model]
                found[index, parameter.name] = _nearest(settings, parameter, tensor, site.t)
    return found


def _nearest(
    settings: Iterator[tuple[Leaf, Settings]], parameter: ParameterSpec, tensor: str, t: float
) -> dict[Leaf, float]:
    # mergekit 0.1.5, parameter_resolver.py, lines 29 to 36
    for path, scope in settings:
        if scope is not None and parameter.name in scope:
            setting = scope[parameter.name]
            shares = _shares(setting, (*path, parameter.name), tensor, t)
            if shares is not None:
                return shares
    return {}


def _shares(setting: Any, path: Leaf, tensor: str, t: float) -> dict[Leaf, float] | None:
    """Return the share of each number of a setting; None if it says nothing of a tensor.

    Source: mergekit 0.1.5, config.py, `evaluate_setting`.
    """
    if isinstance(setting, ConditionalParameter):
        applies = setting.filter in (None, "*") or (tensor and setting.filter in tensor)
        return _shares(setting.value, (*path, "value"), tensor, t) if applies else None
    if not isinstance(setting, list):
        return {path: 1.0}
    if any(isinstance(entry, ConditionalParameter) for entry in setting):
        for index, entry in enumerate(setting):
            if (shares := _shares(entry, (*path, index), tensor, t)) is not None:
                return shares
        return None
    if not setting:
        return None
    scaled = t * (len(setting) - 1)
    low = int(scaled)
    high = min(len(setting) - 1, low + 1)
    shares = {(*path, low): 1 - (scaled - low)}
    shares[*path, high] = shares.get((*path, high), 0.0) + (scaled - low)
    return shares


def _settings(
    config: MergeConfiguration, site: Site, model: ModelReference | None
) -> Iterator[tuple[Leaf, Settings]]:
    """Yield the settings that hold at a site, the nearest first, as mergekit's reader does.

    Each comes with its place in the recipe's document.
    """
    path: Leaf = ("modules", site.module) if config.modules else ()
    part = config.modules[site.module] if config.modules else config
    sources, within = part.models, (*path, "models")
    if not sources:
        output = part.slices[site.output_slice]
        of_slice = (*path, "slices", site.output_slice)
        sources, within = output.sources, (*of_slice, "sources")
    if model is not None:
        index = site.sources[model]
        if index < len(sources):  # else it is the base, which mergekit adds
            yield (*within, index, "parameters"), sources[index].parameters
    if not part.models:
        yield (*of_slice, "parameters"), output.parameters
    if config.modules:
        yield (*path, "parameters"), part.parameters
    yield ("parameters",), config.parameters
