"""Score a model or a recipe, and merge a recipe into a model folder."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from evomerge import zoo
from evomerge.errors import InputError, TrialError
from evomerge.evaluate.scores import Scores
from evomerge.files import adapters_dir
from evomerge.methods.table import MERGEKIT
from evomerge.preflight.checks import check_merge, check_models
from evomerge.quiet import hush
from evomerge.recipe.recipe import Recipe
from evomerge.recipe.reference import Reference
from evomerge.settings import Settings
from evomerge.space.places import Marked
from evomerge.space.problems import Problems, show
from evomerge.space.reading.plain import plain_values
from evomerge.space.reading.recipe_file import RecipeFile, read_recipe
from evomerge.space.reading.settings import check_settings, settings_of
from evomerge.workers.protocol import Failed, Job, WorkerSpec
from evomerge.workers.spec import evaluate_located

Model = str | PathLike[str] | Recipe

_PLACES = {
    "tasks": ("evaluate", "tasks"),
    "task_path": ("evaluate", "task_path"),
    "documents": ("evaluate", "quick"),
    "seed": ("evaluate", "seed"),
    "chat_template": ("evaluate", "chat_template"),
    "gpus": ("workers", "gpus"),
}
"""Argument of `score` → where a space file sets it."""


def score(
    model: Model,
    tasks: Mapping[str, str],
    *,
    documents: int = 128,
    seed: int = 0,
    task_path: str | PathLike[str] | None = None,
    chat_template: bool = False,
    gpus: float = 0,
    plugins: Sequence[str | PathLike[str]] = (),
) -> Scores:
    """Score a model, or the merge of a recipe, on lm-eval tasks, in this process.

    The documents are those that steer a search with the same seed and as many quick documents.
    Zoo models that are missing are made first.

    Args:
        model: A folder, a hub id, `model+adapter`, `zoo://family/model`, or a `Recipe`.
        tasks: lm-eval's name of a task → its metric, such as `{"arc_easy": "acc_norm"}`.
        documents: Documents a task, ≥ 1.
        seed: Seed of their draw, ≥ 0.
        task_path: Folder of lm-eval task YAML of your own, or `zoo://tiny/tasks`.
        chat_template: Apply the tokenizer's chat template to every prompt.
        gpus: GPUs to use; 0 is the CPU.
        plugins: Python files that register the recipe's merge method.

    Raises:
        InputError: An argument, the model or a task is wrong; all wrong arguments at once.
        TrialError: It could not be merged or scored, for a named reason.
        PlatformError: The machine stands in the way.
    """
    hush(load=True)
    settings = _settings(tasks, documents, seed, task_path, chat_template, gpus)
    recipe = model if isinstance(model, Recipe) else _alone(str(model))
    located = _located(recipe.models)
    check_models(recipe.document, located)
    tasks_at = _located([settings.evaluate.task_path] if settings.evaluate.task_path else [])
    from evomerge.workers.worker import Worker

    worker = Worker(
        WorkerSpec(
            located,
            evaluate_located(settings.evaluate, tasks_at),
            settings.workers,
            str(adapters_dir()),
            tuple(str(Path(plugin).resolve()) for plugin in plugins),
        )
    )
    result = worker.run(Job("score", recipe))
    if isinstance(result, Failed):
        raise TrialError(result.failure, result.message)
    return result.scores


def merge_recipe(
    recipe: str | PathLike[str] | Recipe,
    out: str | PathLike[str],
    *,
    device: str = "cpu",
    force: bool = False,
    plugins: Sequence[str | PathLike[str]] = (),
) -> Path:
    """Merge a recipe into a model folder with tokenizer and model card; return its path.

    The weights are those that a search scored, and those of mergekit's own command. Zoo models
    that are missing are made first.

    Args:
        recipe: The path of a mergekit YAML, or a `Recipe`.
        out: The folder to make.
        device: Where the arithmetic runs.
        force: Replace a model folder that is there.
        plugins: Python files that register the recipe's merge method.

    Raises:
        InputError: The recipe or a model is wrong, or the folder is taken.
        PlatformError: Disk full, or folder unwritable.
        TrialError: The merge failed, for a named reason.
    """
    given = RecipeFile(recipe) if isinstance(recipe, Recipe) else None
    read = given or read_recipe(Path(str(recipe)), None if plugins else MERGEKIT)
    located = _located(read.recipe.models)

    from evomerge.merge.disk import merge_to_disk
    from evomerge.merge.mergekit.plugins import import_plugin

    hush()
    methods = MERGEKIT
    for plugin in map(Path, plugins):
        methods = methods.with_plugin(import_plugin(plugin), str(plugin.resolve()))
    check_merge(read.recipe, located, where="recipe" if given else str(recipe))
    return merge_to_disk(
        read.recipe,
        located,
        Path(out),
        adapters_dir(),
        device=device,
        force=force,
        origin=read.origin,
        methods=methods,
    )


def _settings(
    tasks: Mapping[str, str],
    documents: int,
    seed: int,
    task_path: str | PathLike[str] | None,
    chat_template: bool,
    gpus: float,
) -> Settings:
    """Return the arguments of `score` as a space file would set them.

    Raises:
        InputError: All that are wrong, at their names.
    """
    if not isinstance(tasks, Mapping):
        raise InputError(
            f"expected a mapping, got {show(tasks)}",
            where="tasks",
            help='such as {"arc_easy": "acc_norm"}',
        )
    given = plain_values(
        {
            "tasks": [{"task": task, "metric": metric} for task, metric in tasks.items()],
            "task_path": task_path,
            "documents": documents,
            "seed": seed,
            "chat_template": chat_template,
            "gpus": gpus,
        }
    )
    document: dict[str, Any] = {"evaluate": {"confirm": 0, "held_out": 0}, "workers": {}}
    for name, (section, key) in _PLACES.items():
        document[section][key] = given[name]
    marked = Marked("", document, overridden={place: name for name, place in _PLACES.items()})
    problems = Problems(marked)
    check_settings(document, Path.cwd(), problems)
    problems.raise_if_any()
    return settings_of(document, Path.cwd())


def _alone(reference: str) -> Recipe:
    """Return the recipe of one model as it is."""
    absolute = str(Reference.parse(reference).absolute(Path.cwd()))
    document: dict[str, Any] = {"merge_method": "passthrough", "models": [{"model": absolute}]}
    return Recipe.from_document(document)


def _located(references: Sequence[str]) -> dict[str, str]:
    """Return where models and task folders lie, making zoo families that are missing."""
    for family in zoo.missing(references):
        zoo.make(family, lambda text, fraction: None)
    return {reference: zoo.locate(reference) for reference in references}
