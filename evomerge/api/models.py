"""Score a model or a recipe, and merge a recipe into a model folder."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from evomerge import zoo
from evomerge.errors import TrialError
from evomerge.evaluate.scores import Scores
from evomerge.files import adapters_dir
from evomerge.methods.table import MERGEKIT
from evomerge.preflight.checks import check_merge, check_models
from evomerge.quiet import hush
from evomerge.recipe.recipe import Recipe
from evomerge.recipe.reference import Reference
from evomerge.settings import EvaluateSettings, TaskSettings, WorkerSettings
from evomerge.space.reading.recipe_file import RecipeFile, read_recipe
from evomerge.workers.protocol import Failed, Job, WorkerSpec

Model = str | PathLike[str] | Recipe


def score(
    model: Model,
    tasks: Mapping[str, str],
    *,
    documents: int = 128,
    seed: int = 0,
    task_path: str | PathLike[str] | None = None,
    chat_template: bool = False,
    gpus: float = 0,
) -> Scores:
    """Score a model, or the merge of a recipe, on lm-eval tasks, in this process.

    The documents are those that steer a search with the same seed and as many quick documents.

    Args:
        model: A folder, a hub id, `model+adapter`, `zoo://family/model`, or a `Recipe`.
        tasks: lm-eval's name of a task → its metric, such as `{"arc_easy": "acc_norm"}`.
        documents: Documents a task, ≥ 1.
        seed: Seed of their draw, ≥ 0.
        task_path: Folder of lm-eval task YAML of your own, or `zoo://tiny/tasks`.
        chat_template: Apply the tokenizer's chat template to every prompt.
        gpus: GPUs to use; 0 is the CPU.

    Raises:
        InputError: The model or a task is wrong.
        TrialError: It could not be merged or scored, for a named reason.
        PlatformError: The machine stands in the way.
    """
    hush()
    recipe = model if isinstance(model, Recipe) else _alone(str(model))
    located = _located(recipe.models)
    check_models(recipe.document, located)
    folder = None if task_path is None else str(task_path)
    if folder is not None:
        folder = _located([folder])[folder]
    evaluate = EvaluateSettings(
        tasks=tuple(TaskSettings(task, metric) for task, metric in tasks.items()),
        task_path=folder,
        quick=documents,
        confirm=0,
        held_out=0,
        seed=seed,
        chat_template=chat_template,
    )
    workers = WorkerSettings(gpus=float(gpus))
    from evomerge.workers.worker import Worker

    worker = Worker(WorkerSpec(located, evaluate, workers, str(adapters_dir())))
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

    The weights are those that a search scored, and those of mergekit's own command.

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
    hush()
    given = RecipeFile(recipe) if isinstance(recipe, Recipe) else None
    read = given or read_recipe(Path(str(recipe)), None if plugins else MERGEKIT)
    located = _located(read.recipe.models)

    from evomerge.merge.disk import merge_to_disk
    from evomerge.merge.mergekit.plugins import import_plugin

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
        notes=read.origin,
        methods=methods,
    )


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
