"""Read a recipe file: mergekit's YAML, without holes."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from evomerge.errors import InputError, did_you_mean
from evomerge.recipe.mixture import is_mixture
from evomerge.recipe.recipe import Recipe
from evomerge.space.reading.yaml import read_marked, read_text


@dataclass(frozen=True)
class RecipeFile:
    """A recipe, and where it is from.

    Args:
        recipe: The recipe, references as the file writes them.
        origin: What the header of an exported recipe says of its origin, a line each.
    """

    recipe: Recipe
    origin: tuple[str, ...] = ()


def read_recipe(path: Path, methods: Iterable[str] | None) -> RecipeFile:
    """Read a recipe from its file.

    Args:
        path: mergekit's YAML, or mergekit-moe's.
        methods: Merge methods that are known; None where plug-ins may bring any.

    Raises:
        InputError: The file holds no recipe, or one of an unknown method.
    """
    text = read_text(path)
    marked = read_marked(text, path)
    document = marked.value
    if not is_mixture(document):
        if not isinstance(document, dict) or "merge_method" not in document:
            raise _no_recipe(document, path)
        method = document["merge_method"]
        if methods is not None and method not in (known := list(methods)):
            raise InputError(
                f"unknown merge method {str(method)!r}",
                where=marked.where(("merge_method",)),
                help=did_you_mean(str(method), known),
            )
    try:
        recipe = Recipe.from_document(document)
    except (ValueError, TypeError) as error:
        raise InputError(f"no recipe can hold this: {error}", where=str(path)) from None
    return RecipeFile(recipe, tuple(_origin(text)))


def _no_recipe(document: object, path: Path) -> InputError:
    space = isinstance(document, dict) and "recipes" in document
    return InputError(
        "this is no recipe: it has no merge_method",
        where=str(path),
        help=f"this is a search space: evomerge search {path}" if space else "",
    )


def _origin(text: str) -> list[str]:
    header = [line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#")]
    lines = header[: header.index("")] if "" in header else []
    return [line.replace("evomerge recipe", "exported as recipe") for line in lines]
