"""What has to hold before a search or a merge begins, cheapest first; no weight is loaded."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evomerge.errors import InputError, TrialError
from evomerge.merge.models.metadata import Metadata
from evomerge.preflight.fit import check_fit
from evomerge.preflight.memory import check_memory
from evomerge.recipe.mixture import check_mixture
from evomerge.recipe.recipe import Recipe
from evomerge.samplers import SAMPLERS
from evomerge.space.space import Space
from evomerge.workers.spec import evaluate_located

if TYPE_CHECKING:
    from evomerge.evaluate.tasks import LoadedTask


def check_search(space: Space, locations: Mapping[str, str], warn: Callable[[str], None]) -> None:
    """Refuse a search that has no room, whose models do not fit, or whose tasks cannot be had.

    Args:
        space: The space.
        locations: Reference → what mergekit can open, also of the tasks' folder; all are there.
        warn: Told in plain words what will be slow.

    Raises:
        PlatformError: It does not fit into memory, or there is no GPU.
        InputError: Models, recipes or tasks are wrong.
    """
    check_memory(space, locations, warn)
    _check_gpu(space)
    for template in space.templates:
        where = {reference: locations[reference] for reference in space.references_of(template)}
        check_fit(template, check_models(template.document, where))
    _check_tasks(space, locations, warn)


def check_merge(recipe: Recipe, locations: Mapping[str, str], where: str) -> None:
    """Refuse a recipe that mergekit does not take, or whose models do not fit each other.

    Args:
        recipe: The recipe. A plug-in that registers its method must have been imported.
        locations: Reference → what mergekit can open.
        where: The recipe's file.

    Raises:
        InputError: The recipe or its models are wrong.
    """
    from evomerge.merge.mergekit.configuration import configuration

    document = recipe.document
    try:
        check_mixture(document) if recipe.is_mixture else configuration(recipe)
    except TrialError as error:
        raise InputError(f"mergekit does not take this recipe: {error}", where=where) from None
    check_models(document, locations)


def check_models(document: Mapping[str, Any], locations: Mapping[str, str]) -> dict[str, Metadata]:
    """Refuse models that a recipe cannot merge with each other; return what their files say.

    Args:
        document: The recipe, with holes or without: slices let depths differ, tokenizers of its
            own vocabularies.
        locations: Reference → what mergekit can open.

    Raises:
        InputError: Everything that is wrong with the models, at once.
    """
    from evomerge.merge.models.compatibility import check_parents

    own_tokenizers = document.get("tokenizer_source") or document.get("tokenizer")
    return check_parents(
        locations, slices="slices" in document, own_tokenizers=bool(own_tokenizers)
    )


def _check_gpu(space: Space) -> None:
    """Refuse a GPU that is not there; workers that Ray places are asked where they start."""
    workers = space.workers
    if workers.gpus and workers.count == 1 and not workers.ray_address:
        from evomerge.merge.devices import check_device

        check_device("cuda", where="workers.gpus", count=max(1, int(workers.gpus)))


def _check_tasks(space: Space, locations: Mapping[str, str], warn: Callable[[str], None]) -> None:
    """Refuse tasks that cannot be loaded, that have too few documents, or no loss to descend."""
    from evomerge.evaluate.splits import split_tasks
    from evomerge.evaluate.tasks import load_tasks

    settings = evaluate_located(space.evaluate, locations)
    tasks = load_tasks(settings)
    split_tasks(tasks, settings)
    if SAMPLERS[space.search.sampler].gradient:
        _check_losses(tasks, space.search.sampler, warn)


def _check_losses(tasks: Sequence["LoadedTask"], sampler: str, warn: Callable[[str], None]) -> None:
    """Tell which tasks a gradient knows nothing of; refuse where that is all of them."""
    from evomerge.evaluate.targets import without_loss

    without = [f"{name}: {why}" for name, why in without_loss(tasks).items()]
    if len(without) == len(tasks):
        raise InputError(
            f"{sampler} needs a task with a loss, and there is none; {'; '.join(without)}",
            where="evaluate.tasks",
            help="add a task of text or of choices, or take another sampler",
        )
    for one in without:
        warn(f"a task has no loss, so that only the scores count it, not the gradient: {one}")
