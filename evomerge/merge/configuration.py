"""From a recipe to what mergekit runs: its configuration object and its options."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import transformers
from mergekit.architecture import ModelArchitecture
from mergekit.common import ModelReference, get_config_value, set_config_value
from mergekit.config import MergeConfiguration
from mergekit.options import MergeOptions

from evomerge.errors import Failure, TrialError
from evomerge.space.recipe import Recipe

RANDOM_METHODS = frozenset({"dare_linear", "dare_ties", "della", "della_linear"})
"""Merge methods that draw at random: their result depends on the seed."""

_LAYER_LISTS = (
    "layer_types",
    "no_rope_layers",
    "mlp_layer_types",
    "block_types",
    "sliding_windows",
)


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
        raise TrialError(Failure.INVALID_RECIPE, f"mergekit: {error}") from error
    return config


def options(recipe: Recipe, lora_cache: str | Path, device: str = "cpu") -> MergeOptions:
    """Return mergekit's options: those of `mergekit-yaml --random-seed SEED`, and quiet.

    Args:
        recipe: Gives the seed.
        lora_cache: Folder of merged adapters.
        device: `cpu`, or a device on which the merge's arithmetic runs.
    """
    return MergeOptions(
        random_seed=recipe.seed,
        lora_merge_cache=os.fspath(lora_cache),
        device=device,
        low_cpu_memory=device != "cpu",
        quiet=True,
        write_model_card=False,
    )


def donor(config: MergeConfiguration) -> ModelReference:
    """Return the model that gives config and tokenizer, as mergekit chooses it."""
    return config.base_model or config.referenced_models()[0]


def fit_layer_lists(
    out: transformers.PretrainedConfig, config: MergeConfiguration, arch: ModelArchitecture
) -> None:
    """Make per-layer lists of the output config, such as `layer_types`, follow the slices.

    mergekit changes the number of layers but leaves these lists; many architectures then
    refuse the config or read it wrongly. Each layer keeps the value that it had in the
    first model of its slice.

    Args:
        out: The output config; changed in place.
        config: The merge, not yet normalized by a plan.
        arch: Its architecture.
    """
    modules = config.modules or {}
    slices = config.slices or [s for m in modules.values() for s in m.slices or ()]
    if not slices or len(arch.modules) != 1:
        return
    layers_key = next(iter(arch.modules.values())).architecture.num_layers_config_key()
    configs: dict[ModelReference, Any] = {}
    for name in _LAYER_LISTS:
        values: list[Any] = []
        for output in slices:
            source = output.sources[0]
            if source.model not in configs:
                configs[source.model] = source.model.config()
            listed = getattr(configs[source.model], name, None)
            if not isinstance(listed, list):
                break
            if len(listed) < get_config_value(configs[source.model], layers_key):
                break
            values += listed[slice(*source.layer_range)]
        else:
            set_config_value(out, name, values)


def locate(recipe: Recipe, locations: Mapping[str, str]) -> Recipe:
    """Return the recipe with locations as its references: what is exported, and seeds.

    Raises:
        TrialError: A reference has no location (`INVALID_RECIPE`).
    """
    missing = [r for r in recipe.models if r not in locations and not _openable(r)]
    if missing:
        reason = f"no location for model {', '.join(missing)}"
        raise TrialError(Failure.INVALID_RECIPE, reason)
    return recipe.with_models(locations)


def _openable(reference: str) -> bool:
    return "://" not in reference
