"""A first space for some models, with comments that say what was found and what to change."""

from collections.abc import Mapping, Sequence

from evomerge.merge.models.family import Family, find_family
from evomerge.merge.models.locations import absolute
from evomerge.methods.fit import why_not
from evomerge.methods.table import MERGEKIT
from evomerge.recipe.reference import Reference
from evomerge.samplers import SAMPLERS
from evomerge.space.reading.yaml import write_yaml
from evomerge.zoo import locate

_PLACEHOLDER = ("arc_easy", "acc_norm")


def starter(
    models: Sequence[str],
    name: str,
    tasks: Sequence[tuple[str, str]] = (),
    task_path: str | None = None,
) -> str:
    """Return the text of a space file.

    Args:
        models: Folders, hub ids, adapters, zoo models that are made.
        name: The run's name.
        tasks: lm-eval tasks with a metric each; a placeholder where there are none.
        task_path: Folder of task YAML, or None.

    Raises:
        InputError: No two of the models can be merged.
    """
    located = {absolute(locate(model)): model for model in models}
    found = find_family(list(located))
    zoo = {at: model for at, model in located.items() if Reference.parse(model).zoo_models}
    written = {short: zoo.get(at, at) for short, at in found.models.items()}
    return "".join([*_comments(found), *_body(found, written, name, tasks, task_path)])


def _comments(found: Family) -> list[str]:
    first = next(iter(found.metadata.values()))
    experts = len(found.models) - (found.base is not None)
    fit = {m.name: why_not(m, experts, has_base=found.base is not None) for m in MERGEKIT.values()}
    base = "No base model: no model names one. Name it with base_model:, for methods that need it."
    if found.base:
        base = f"Base model: {found.base}; {found.why_base}."
    elif found.why_base:
        base = f"No base model: {found.why_base}."
    lines = [
        f"{len(found.models)} models of {first.architecture}: {first.layers} layers, "
        f"{first.parameters / 1e6:,.1f}M parameters, {first.dtype or 'dtype unknown'}.",
        base,
        *(f"Left out: {reference}: {why}" for reference, why in found.left_out.items()),
        f"Methods that fit: {', '.join(name for name, why in fit.items() if why is None)}",
    ]
    for reason in dict.fromkeys(why for why in fit.values() if why is not None):
        names = ", ".join(name for name, why in fit.items() if why == reason)
        lines.append(f"Methods that do not, because {reason}: {names}")
    return [f"# {line}\n" for line in lines]


def _body(
    found: Family,
    models: Mapping[str, str],
    name: str,
    tasks: Sequence[tuple[str, str]],
    task_path: str | None,
) -> list[str]:
    text = [write_yaml({"name": name, "models": dict(models)})]
    if found.base is not None:
        text.append(write_yaml({"base_model": found.base}))
    text.append("recipes: auto        # every method that fits; or methods: [ties, slerp]\n")
    text.append("evaluate:\n")
    text.append("  tasks:             # lm-eval tasks that score a recipe")
    text.append(":\n" if tasks else "; this one is a placeholder\n")
    for task, metric in tasks or [_PLACEHOLDER]:
        text.append(f"    - {{task: {task}, metric: {metric}}}\n")
    if task_path is not None:
        text.append("  " + write_yaml({"task_path": task_path}))
    text.append(
        "  quick: 128         # documents a task that score every recipe\n"
        "  confirm: 128       # fresh ones, for the finalists\n"
        "  held_out: 256      # used once, for the verdict\n"
        "objective: mean      # mean | min | geometric | pareto\n"
        f"search: {{sampler: tpe, seed: 0}}   # {' | '.join(SAMPLERS)}\n"
        "budget: {trials: 60}              # and hours: 8, whichever comes first\n"
        "workers: {count: 1, gpus: 0}      # gpus: 1 where there is one\n"
    )
    return text
