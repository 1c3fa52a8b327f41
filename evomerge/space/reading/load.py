"""Read a space file: the one door from YAML to `Space`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evomerge.space.generate.shorthand import expand_recipes
from evomerge.space.places import Marked
from evomerge.space.problems import Problems
from evomerge.space.reading.models import read_models
from evomerge.space.reading.overrides import lay_over
from evomerge.space.reading.plain import plain_values
from evomerge.space.reading.plugins import read_plugins
from evomerge.space.reading.recipes.alternatives import check_shared_names, read_alternatives
from evomerge.space.reading.settings import SETTINGS, check_settings, settings_of
from evomerge.space.reading.yaml import read_marked, read_text, write_yaml
from evomerge.space.space import Space

KEYS = ("models", "base_model", "plugins", "methods", "recipes", *SETTINGS)
"""What a space file may say at its top."""


def load_space(path: Path, overrides: Sequence[str] = ()) -> Space:
    """Read a space file.

    Args:
        path: The YAML file.
        overrides: `key.path=value` settings laid over it, such as `budget.trials=20`; list
            items by their index, from 0.

    Raises:
        InputError: Every mistake in the file at once, each at `file:line:column`.
    """
    return read_space(read_text(path), path, overrides)


def read_space(text: str, path: Path, overrides: Sequence[str] = ()) -> Space:
    """Read a space from its text, such as `Space.source`.

    Args:
        text: YAML.
        path: Where the text stands or stood; its folder is where relative paths start.
        overrides: As in `load_space`.

    Raises:
        InputError: Every mistake in the text at once, each at `file:line:column`.
    """
    marked = read_marked(text, path)
    lay_over(marked, overrides)
    return _read(marked, path.absolute(), write_yaml(marked.value) if overrides else text)


def read_document(document: Mapping[str, Any], path: Path, overrides: Sequence[str] = ()) -> Space:
    """Read a space from what a file would load to.

    Args:
        document: What `plain_values` takes.
        path: Where a file would stand; its folder is where relative paths start.
        overrides: As in `load_space`.

    Raises:
        InputError: Every mistake at once, each at its key, such as `evaluate.quick`.
    """
    marked = Marked("", plain_values(document))
    lay_over(marked, overrides)
    return _read(marked, path.absolute(), write_yaml(marked.value))


def _read(marked: Marked, path: Path, source: str) -> Space:
    problems = Problems(marked)
    document = marked.value
    if not problems.known_keys(document, (), KEYS):
        problems.raise_if_any()
    methods = read_plugins(document.get("plugins"), path.parent, problems)
    models = read_models(document.get("models"), path.parent, problems)
    recipes = expand_recipes(document, methods, problems)
    templates = read_alternatives(recipes or [], models, methods, path.parent, problems)
    check_settings(document, path.parent, problems)
    problems.raise_if_any()
    settings = settings_of(document, path.parent)
    space = Space(
        name=settings.name or path.stem,
        path=path,
        marked=marked,
        source=source,
        models=models or {},
        templates=templates,
        evaluate=settings.evaluate,
        objective=settings.objective,
        search=settings.search,
        budget=settings.budget,
        workers=settings.workers,
        methods=methods,
    )
    check_shared_names(space, problems)
    problems.raise_if_any()
    return space
