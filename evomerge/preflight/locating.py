"""Where a space's models and tasks lie, or every one that cannot lie there, with its line."""

from collections.abc import Callable, Iterable
from typing import Any

from evomerge.errors import InputError, did_you_mean
from evomerge.merge.models.headers import read_json
from evomerge.recipe.reference import Reference
from evomerge.space.problems import Problems
from evomerge.space.space import Space
from evomerge.zoo import locate


def locations(space: Space) -> dict[str, str]:
    """Return reference → what mergekit can open, for every model and the tasks' folder.

    Hub ids stay as they are: whether they can be had is known when they are fetched.

    Raises:
        InputError: No such zoo model, or no such folder; all at once, at `file:line:column`.
    """
    problems = Problems(space.marked)
    names = {reference: name for name, reference in space.models.items()}
    found: dict[str, str] = {}
    for reference in space.references:
        at = ("models", names[reference]) if reference in names else ("recipes",)
        _note(problems, at, found, reference, _there)
    if tasks := space.evaluate.task_path:
        _note(problems, ("evaluate", "task_path"), found, tasks, locate)
    problems.raise_if_any()
    return found


def depth_of(references: Iterable[str]) -> int | None:
    """Return the number of layers of the first model whose folder is here, or None."""
    for reference in references:
        try:
            folder = Reference.parse(locate(reference)).folder
            depth = read_json(folder / "config.json").get("num_hidden_layers")
        except InputError:
            continue
        if isinstance(depth, int):
            return depth
    return None


def _note(
    problems: Problems,
    at: tuple[Any, ...],
    found: dict[str, str],
    reference: str,
    place: Callable[[str], str],
) -> None:
    try:
        found[reference] = place(reference)
    except InputError as error:
        problems.add(at, error.what, help=error.help)


def _there(reference: str) -> str:
    """Return where a model lies; zoo models may still have to be made."""
    for part in Reference.parse(reference).parts:
        folder = part.folder
        if not folder.is_absolute() or folder.is_dir():
            continue
        help = f"there is no {folder.parent} either"
        if folder.parent.is_dir():
            help = did_you_mean(folder.name, [path.name for path in folder.parent.iterdir()])
        raise InputError(f"no such folder: {folder}", help=help)
    return locate(reference)
