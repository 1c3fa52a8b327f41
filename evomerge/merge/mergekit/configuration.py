"""From a recipe to what mergekit runs: its configuration object and its options."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mergekit.architecture import ModelArchitecture
from mergekit.common import ModelReference
from mergekit.config import InputSliceDefinition, MergeConfiguration
from mergekit.options import MergeOptions

from evomerge.errors import Failure, TrialError
from evomerge.merge.rebuild import LAYER_LISTS, merge_threads
from evomerge.recipe.recipe import Recipe
from evomerge.recipe.reference import Reference


class Configuration(MergeConfiguration):  # type: ignore[misc]
    """mergekit's configuration, with its models in the order of the document.

    mergekit lists them in the order of a set of strings, which differs from process to
    process; without a base model its first one gives config and tokenizer.
    """

    def referenced_models(self) -> list[ModelReference]:
        """Return every model once: the base first, then in order of appearance."""
        slices = [*(self.slices or ())]
        models = [*(self.models or ())]
        for module in (self.modules or {}).values():
            slices += module.slices or ()
            models += module.models or ()
        found = [self.base_model] if self.base_model else []
        found += [entry.model for entry in models]
        found += [source.model for output in slices for source in output.sources]
        return list(dict.fromkeys(found))


def configuration(recipe: Recipe) -> Configuration:
    """Return mergekit's configuration of a recipe whose references are locations.

    Raises:
        TrialError: mergekit does not take the recipe (`INVALID_RECIPE`).
    """
    try:
        config: Configuration = Configuration.model_validate(recipe.document)
    except (RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise TrialError(Failure.INVALID_RECIPE, str(error)) from error
    for slices in [config.slices or [], *(m.slices or [] for m in (config.modules or {}).values())]:
        if slices and len(slices[0].sources) < len(slices[-1].sources):
            reason = "the last slice has more sources than the first: mergekit would drop some"
            raise TrialError(Failure.INVALID_RECIPE, reason)
    return config


def options(recipe: Recipe, lora_cache: str | Path, device: str = "cpu") -> MergeOptions:
    """Return mergekit's options: those of the exported command, and quiet.

    Args:
        recipe: Gives the seed and the number of threads.
        lora_cache: Folder of merged adapters.
        device: `cpu`, or a device on which the merge's arithmetic runs.
    """
    return MergeOptions(
        random_seed=recipe.seed,
        lora_merge_cache=os.fspath(lora_cache),
        device=device,
        low_cpu_memory=device != "cpu",
        quiet=True,
        num_threads=merge_threads(recipe),
        write_model_card=False,
    )


def layer_lists(config: MergeConfiguration, arch: ModelArchitecture) -> dict[str, list[Any]]:
    """Return the per-layer lists of the output's config, such as `layer_types`.

    mergekit changes the number of layers but leaves these lists; many architectures then
    refuse the config or read it wrongly. Each layer keeps the value that it had in the
    first model of its slice.

    Args:
        config: The merge, not yet normalized by a plan.
        arch: Its architecture.

    Returns:
        Key of the config → one value a layer; empty for a merge without slices.
    """
    sources = _slice_sources(config, arch)
    configs = {source.model: source.model.config() for source in sources}
    lists: dict[str, list[Any]] = {}
    for name in LAYER_LISTS:
        if sources and all(isinstance(getattr(c, name, None), list) for c in configs.values()):
            lists[name] = [
                value
                for source in sources
                for value in getattr(configs[source.model], name)[slice(*source.layer_range)]
            ]
    return lists


def sliced_depth(config: MergeConfiguration, arch: ModelArchitecture) -> int | None:
    """Return the number of layers that the slices give, if mergekit will not set it itself.

    It sets none for architectures that it infers from the tensors.
    """
    sources = _slice_sources(config, arch)
    if not sources or next(iter(arch.modules.values())).architecture.num_layers_config_key():
        return None
    return sum(int(s.layer_range[1]) - int(s.layer_range[0]) for s in sources)


def _slice_sources(
    config: MergeConfiguration, arch: ModelArchitecture
) -> list[InputSliceDefinition]:
    """Return the first source of every slice; none without slices, or with several modules."""
    modules = config.modules or {}
    slices = config.slices or [s for m in modules.values() for s in m.slices or ()]
    return [output.sources[0] for output in slices] if len(arch.modules) == 1 else []


def locate(recipe: Recipe, locations: Mapping[str, str]) -> Recipe:
    """Return the recipe with locations as its references: what is exported, and seeds.

    Raises:
        TrialError: A reference has no location (`INVALID_RECIPE`).
    """
    missing = [r for r in recipe.models if r not in locations and Reference.parse(r).zoo_models]
    if missing:
        reason = f"no location for model {', '.join(missing)}"
        raise TrialError(Failure.INVALID_RECIPE, reason)
    return recipe.with_models(locations)
