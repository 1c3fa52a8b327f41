"""Whether mergekit's own commands rebuild a scored model, and on what conditions."""

import json
from functools import cache
from importlib.resources import files
from pathlib import Path

from evomerge.methods.traits import SUMMING, traits
from evomerge.recipe.recipe import Recipe
from evomerge.recipe.reference import Reference

_DONATED = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "chat_template.jinja",
)
LAYER_LISTS = ("layer_types", "no_rope_layers", "mlp_layer_types", "layers_block_type")
"""Keys of a model's config that hold one value a layer; mergekit does not slice them."""


def merge_threads(recipe: Recipe) -> int | None:
    """Return the number of CPU threads that a merge must run on, or None where any will do.

    Most methods sum over a whole tensor, in an order that follows the number of threads; the
    last bits of their weights would differ from one machine to the next. They run on one.
    """
    summing = any(map(recipe.sets, SUMMING))
    return 1 if summing or not traits(recipe.method).elementwise else None


def draws(recipe: Recipe) -> bool:
    """Whether the merge draws random numbers: by its method, its gates, or noise."""
    gates = recipe.document.get("gate_mode") in ("random", "uniform_random")
    return traits(recipe.method).draws or gates or recipe.sets("noise_scale")


def loses_layers(located: Recipe) -> bool:
    """Whether mergekit's command would write a config that does not fit the sliced layers.

    Args:
        located: A recipe whose references are locations.
    """
    if "slices" not in located.document:
        return False
    for model in located.models:
        try:
            config = json.loads((Reference.parse(model).folder / "config.json").read_text())
        except (OSError, ValueError):
            continue
        if any(key in config for key in LAYER_LISTS):
            return True
        if not set(config.get("architectures") or ()) & _architectures():
            return True
    return False


def donors_differ(located: Recipe) -> bool:
    """Whether mergekit's command may give another config or tokenizer than the scored model's.

    Without a base model it takes them from the first of a set, whose order changes from one
    process to the next.

    Args:
        located: A recipe whose references are locations.
    """
    folders = {Reference.parse(model).folder for model in located.models}
    if located.document.get("base_model") is not None or len(folders) == 1:
        return False
    if not all(folder.is_dir() for folder in folders):
        return True
    return any(len({_content(folder / name) for folder in folders}) > 1 for name in _DONATED)


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


@cache
def _architectures() -> frozenset[str]:
    """The architectures that mergekit knows by name, read without loading it."""
    folder = files("mergekit._data").joinpath("architectures")
    tables = [json.loads(f.read_text()) for f in folder.iterdir() if f.name.endswith(".json")]
    return frozenset(name for table in tables for name in table.get("architectures", ()))
