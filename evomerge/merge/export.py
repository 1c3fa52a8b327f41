"""Write a recipe as plain mergekit YAML that merges to the weights that were scored."""

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from evomerge.methods.table import MERGEKIT, Method
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


def export_yaml(
    recipe: Recipe,
    locations: Mapping[str, str],
    *,
    notes: Sequence[str] = (),
    lora_cache: str | Path | None = None,
    file: str = "best.yaml",
    device: str = "cpu",
    methods: Mapping[str, Method] = MERGEKIT,
) -> str:
    """Return mergekit YAML with real model paths, under comments that say how to use it.

    Args:
        recipe: References as the space writes them.
        locations: Reference → folder, hub id, or `X+adapter`.
        notes: Lines for the header: where the recipe comes from, what it scored.
        lora_cache: Folder of merged adapters that the search used, if any.
        file: The YAML's own name, for the commands in the header.
        device: The device on which the scored weights were merged.
        methods: The table of merge methods, which tells what a plug-in registers.
    """
    located = recipe.with_models(locations)
    method = methods.get(recipe.method)
    plugin = method.plugin if method else ""
    comments = [
        f"evomerge recipe {recipe.recipe_id}",
        *notes,
        "",
        *_commands(recipe, located, lora_cache, file, device, plugin),
    ]
    header = "".join(
        f"# {line}".rstrip() + "\n" for note in comments for line in (note.splitlines() or [""])
    )
    return f"{header}\n{located.to_yaml()}"


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


def _commands(
    recipe: Recipe,
    located: Recipe,
    lora_cache: str | Path | None,
    file: str,
    device: str,
    plugin: str,
) -> Iterable[str]:
    name = shlex.quote(file)
    yield "Merge it with either of:"
    plugged = f" --plugin {shlex.quote(plugin)}" if plugin else ""
    on = f" --device {device}" if device != "cpu" else ""
    yield f"  evomerge merge {name} -o OUT{plugged}{on}"
    if plugin:
        yield f"(mergekit-yaml does not know {recipe.method}: it is registered by {plugin}.)"
        return
    if _mergekit_loses_layers(located):
        yield "(mergekit-yaml would write a config.json that does not fit these layers.)"
        return
    if _donors_differ(located):
        yield "(mergekit-yaml may take config and tokenizer from any of these models, and they"
        yield "differ; a base_model would settle it.)"
        return
    command = f"  {'mergekit-moe' if recipe.is_mixture else 'mergekit-yaml'} {name} OUT"
    drawn = draws(recipe)
    adapters = any(Reference.parse(model).adapter for model in located.models)
    if drawn:
        command += f" --random-seed {located.seed}"
    if (threads := merge_threads(located)) is not None:
        command += f" --num-threads {threads}"
    if adapters:
        command += f" --lora-merge-cache {shlex.quote(str(lora_cache or 'lora-cache'))}"
    if device != "cpu":
        command += f" --device {device} --low-cpu-memory"
    yield command
    if drawn and adapters:
        yield "(Merging adapters draws random numbers too: if that cache does not hold them yet,"
        yield "run mergekit-yaml twice and keep the second result.)"


def _mergekit_loses_layers(located: Recipe) -> bool:
    """Whether mergekit's command would write a config that does not fit the sliced layers."""
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


def _donors_differ(located: Recipe) -> bool:
    """Whether mergekit's command may give another config or tokenizer than the scored model's.

    Without a base model it takes them from the first of a set, whose order changes from one
    process to the next.
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
