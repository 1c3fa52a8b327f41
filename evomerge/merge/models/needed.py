"""Which weights mergekit needs of an architecture, and under which names they are stored."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evomerge.errors import InputError
from evomerge.merge.models.headers import TensorHeaders, read_headers


def needed_weights(config: Any) -> list[Any]:
    """Return mergekit's list of weights; empty for an architecture that it infers from files."""
    from mergekit.architecture import arch_info_for_config

    arch = arch_info_for_config(config)
    return list(arch.all_weights(config)) if arch is not None else []


def merged_names(folder: Path) -> tuple[str, ...]:
    """Return the names of the tensors that mergekit makes of a model, which loads torch.

    They differ from the names in its files where transformers loads it otherwise than it is
    stored, as experts that were stored one by one.

    Args:
        folder: The model's.
    """
    from mergekit.architecture import get_architecture_info
    from mergekit.config import MergeConfiguration
    from mergekit.options import MergeOptions

    models = [{"model": str(folder)}]
    merge = MergeConfiguration.model_validate({"merge_method": "passthrough", "models": models})
    (model,) = merge.referenced_models()
    stored = read_headers(folder).shapes
    weights = get_architecture_info(merge, MergeOptions(quiet=True)).all_weights(model.config())
    return tuple(w.name for w in weights if not w.optional or stored_name(w, stored) is not None)


def stored_name(weight: Any, names: Mapping[str, Any]) -> str | None:
    """Return the name under which a weight is stored: its own, an alias, or what it is tied to."""
    for name in (weight.name, *(weight.aliases or ()), *(weight.tied_names or ())):
        if name in names:
            return str(name)
    return None


def check_whole(folder: Path, config: Any, weights: TensorHeaders) -> None:
    """Refuse a model that lacks a weight which mergekit needs; pickles are not looked into.

    Args:
        folder: The model's.
        config: transformers' config.
        weights: The folder's.

    Raises:
        InputError: The first that is missing, and how many more.
    """
    from mergekit.architecture.conversion import can_convert_checkpoint_keys

    names = set(weights.shapes)
    missing = [
        weight.name
        for weight in (needed_weights(config) if names else ())
        if not weight.optional
        and stored_name(weight, weights.shapes) is None
        and not can_convert_checkpoint_keys(config.model_type, names, weight.name)
    ]
    if missing:
        more = f" and {len(missing) - 1} more" if missing[1:] else ""
        raise InputError(
            f"mergekit wants {missing[0]}{more} of {config.architectures[0]}, "
            "which these weights lack",
            where=str(folder),
        )
