"""Write a recipe as plain mergekit YAML that merges to the weights that were scored."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from evomerge.merge.rebuild import donors_differ, draws, loses_layers, merge_threads
from evomerge.methods.table import MERGEKIT, Method
from evomerge.recipe.recipe import Recipe
from evomerge.recipe.reference import Reference


def export_yaml(
    recipe: Recipe,
    locations: Mapping[str, str],
    *,
    origin: Sequence[str] = (),
    lora_cache: str | Path | None = None,
    file: str = "best.yaml",
    device: str = "cpu",
    methods: Mapping[str, Method] = MERGEKIT,
) -> str:
    """Return mergekit YAML with real model paths, under comments that say how to use it.

    Args:
        recipe: References as the space writes them.
        locations: Reference → folder, hub id, or `X+adapter`.
        origin: Lines for the header: where the recipe comes from, what it scored.
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
        *origin,
        "",
        *_commands(recipe, located, lora_cache, file, device, plugin),
    ]
    header = "".join(
        f"# {line}".rstrip() + "\n" for note in comments for line in (note.splitlines() or [""])
    )
    return f"{header}\n{located.to_yaml()}"


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
    if loses_layers(located):
        yield "(mergekit-yaml would write a config.json that does not fit these layers.)"
        return
    if donors_differ(located):
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
