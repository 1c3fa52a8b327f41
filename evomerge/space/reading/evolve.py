"""Read a mergekit-evolve configuration as a space: same models, tasks, granularity, filters."""

from collections.abc import Mapping
from typing import Any

from evomerge.methods.table import MERGEKIT
from evomerge.methods.types import is_int, is_number
from evomerge.recipe.reference import short_names
from evomerge.space.places import Marked
from evomerge.space.problems import Problems, show

_KEYS = (
    "genome",
    "tasks",
    "limit",
    "num_fewshot",
    "shuffle",
    "random_init",
    "apply_chat_template",
    "fewshot_as_multiturn",
)
_GENOME = (
    "models",
    "merge_method",
    "base_model",
    "tokenizer_source",
    "layer_granularity",
    "normalize",
    "allow_negative_weights",
    "filters",
    "smooth",
)
_PARAMETERS: dict[str, tuple[str, ...]] = {
    "linear": ("weight",),
    "task_arithmetic": ("weight",),
    "ties": ("weight", "density"),
    "dare_ties": ("weight", "density"),
    "slerp": ("t",),
}
"""The methods that mergekit-evolve searches, and what it searches of each."""

_NORMALIZED = ("ties", "dare_ties", "linear")


def models_of(document: Any) -> list[str]:
    """Return the models that a mergekit-evolve configuration names; none where it is wrong."""
    genome = document.get("genome") if isinstance(document, Mapping) else None
    models = genome.get("models") if isinstance(genome, Mapping) else None
    return [str(model) for model in models] if isinstance(models, list) else []


def space_of_evolve(marked: Marked, layers: int | None) -> tuple[dict[str, Any], list[str]]:
    """Return the space of a mergekit-evolve configuration, and what could not be carried over.

    Args:
        marked: The configuration.
        layers: Depth of the models, which `layer_granularity` divides; None if not known.

    Returns:
        A space file as plain values, and notes in plain sentences.

    Raises:
        InputError: Everything that is wrong with the configuration, at once.
    """
    problems = Problems(marked)
    document = marked.value
    if problems.known_keys(document, (), _KEYS) and "genome" not in document:
        problems.add((), "a mergekit-evolve configuration has a genome")
    problems.raise_if_any()
    genome = document["genome"]
    problems.known_keys(genome, ("genome",), _GENOME)
    problems.raise_if_any()
    _check(genome, document.get("tasks"), layers, problems)
    problems.raise_if_any()
    references = [*genome["models"]]
    base = genome.get("base_model")
    if base and base not in references:
        references.insert(0, base)
    names = short_names(references)
    space = {
        "name": "evolved",
        "models": {names[reference]: reference for reference in references},
        "recipes": [_recipe(genome, names, layers)],
        "evaluate": _evaluate(document),
        "search": {
            "sampler": "tpe" if MERGEKIT[genome["merge_method"]].merges_two else "cmaes",
            "seed": 0,
        },
        "budget": {"trials": 100},
    }
    return space, _notes(document, genome)


def _check(genome: Mapping[str, Any], tasks: Any, layers: int | None, problems: Problems) -> None:
    at = ("genome",)
    models = genome.get("models")
    if (
        not isinstance(models, list)
        or len(models) < 2
        or not all(isinstance(m, str) for m in models)
    ):
        problems.add((*at, "models"), f"models must be a list of two or more, got {show(models)}")
    method = genome.get("merge_method")
    if method not in _PARAMETERS:
        known = ", ".join(_PARAMETERS)
        problems.add(
            (*at, "merge_method"), f"merge_method must be one of {known}, got {show(method)}"
        )
    step = genome.get("layer_granularity") or 0
    if not is_int(step):
        problems.add(
            (*at, "layer_granularity"), f"layer_granularity is a whole number, got {show(step)}"
        )
    elif step > 0 and layers is None:
        problems.add(
            (*at, "layer_granularity"),
            "layer_granularity needs the models' depth",
            help="give it with --layers",
        )
    elif step > 0 and layers is not None and layers % step:
        problems.add(
            (*at, "layer_granularity"), f"layer_granularity {step} does not divide {layers} layers"
        )
    if not isinstance(tasks, list) or not tasks:
        problems.add(("tasks",), f"tasks must be a list of lm-eval tasks, got {show(tasks)}")
        return
    for index, task in enumerate(tasks):
        at_task = ("tasks", index)
        if isinstance(task, str):
            continue
        problems.known_keys(task, at_task, ("name", "weight", "metric"))
        if not isinstance(task, Mapping) or "name" not in task:
            problems.add(at_task, f"a task has a name, got {show(task)}")
        elif not (is_number(task.get("weight", 1)) and task.get("weight", 1) > 0):
            problems.add((*at_task, "weight"), f"weight must be above 0, got {task['weight']!r}")


def _recipe(genome: Mapping[str, Any], names: Mapping[str, str], layers: int | None) -> Any:
    method, step = genome["merge_method"], genome.get("layer_granularity") or 0
    groups = layers // step if step > 0 and layers else 1
    recipe: dict[str, Any] = {"merge_method": method}
    models = [names[reference] for reference in genome["models"]]
    base = names.get(genome.get("base_model") or "")
    if MERGEKIT[method].merges_two:
        anchors = {"layers": groups} if groups > 1 else {}
        recipe |= {"models": {"pair": models}, "parameters": {"t": _hole(genome, "t", anchors)}}
    else:
        smooth = bool(genome.get("smooth")) and groups > 1
        anchors = {"layers": groups} if smooth else {}
        own = {name: _hole(genome, name, anchors) for name in _PARAMETERS[method]}
        if base and MERGEKIT[method].base == "required":
            recipe["base_model"] = base
        inputs: list[dict[str, Any]] = [
            {"model": name, **({} if name == recipe.get("base_model") else {"parameters": own})}
            for name in models
        ]
        if groups > 1 and not smooth:
            inputs += [{"model": base}] if base and base not in models else []
            recipe["slices"] = [
                {"sources": [{**i, "layer_range": [g * step, (g + 1) * step]} for i in inputs]}
                for g in range(groups)
            ]
        else:
            recipe["models"] = inputs
        normalize = genome.get("normalize")
        recipe["parameters"] = {
            "normalize": method in _NORMALIZED if normalize is None else normalize
        }
    if genome.get("tokenizer_source"):
        source = genome["tokenizer_source"]
        recipe["tokenizer_source"] = names.get(source, source)
    return recipe | {"dtype": "bfloat16"}


def _hole(genome: Mapping[str, Any], name: str, anchors: Mapping[str, int]) -> dict[str, Any]:
    hole = dict(MERGEKIT[genome["merge_method"]].search_range(name) or {})
    if name == "weight" and genome.get("allow_negative_weights"):
        high = hole["float"][1]
        hole["float"] = [-high, high]
    filters = {"modules": list(genome["filters"])} if genome.get("filters") else {}
    return {**hole, **anchors, **filters}


def _evaluate(document: Mapping[str, Any]) -> dict[str, Any]:
    tasks = []
    for task in document["tasks"]:
        given = {"name": task} if isinstance(task, str) else task
        metric = str(given.get("metric", "acc,none")).removesuffix(",none")
        weight = {"weight": given["weight"]} if "weight" in given else {}
        tasks.append({"task": given["name"], "metric": metric, **weight})
    settings: dict[str, Any] = {"tasks": tasks}
    if document.get("limit"):
        settings["quick"] = document["limit"]
    settings["chat_template"] = bool(document.get("apply_chat_template", True))
    return settings


def _notes(document: Mapping[str, Any], genome: Mapping[str, Any]) -> list[str]:
    notes = []
    if document.get("num_fewshot"):
        notes.append(
            f"num_fewshot: {document['num_fewshot']} is a task's own business here: set it in task "
            "YAML of your own, under task_path"
        )
    if MERGEKIT[genome["merge_method"]].merges_two and genome.get("layer_granularity"):
        notes.append(
            "mergekit-evolve chose two models for each group of layers; this space chooses one "
            "pair, with a gradient over the layers"
        )
    if document.get("shuffle"):
        notes.append("shuffle: documents are always drawn at random, once, by evaluate.seed")
    notes.append("task_path: name the folder of your tasks' YAML under evaluate, if you have one")
    notes.append(
        "mergekit-evolve had no confirm and held-out documents: each task needs quick + confirm + "
        "held_out documents"
    )
    return notes
