"""Read a space file: the one door from YAML to `Space`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evomerge.space.generate.shorthand import expand_recipes
from evomerge.space.reading.alternatives import check_shared_names, read_alternatives
from evomerge.space.reading.models import read_models
from evomerge.space.reading.overrides import lay_over
from evomerge.space.reading.plugins import read_plugins
from evomerge.space.reading.problems import Problems
from evomerge.space.reading.settings import SETTINGS, check_settings, settings_of
from evomerge.space.reading.yaml import Marked, read_marked, read_text, write_yaml
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


def expanded(path: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Return a space file as plain values, its shorthand written out as recipes.

    Args:
        path: As in `load_space`, which must take the file.
        overrides: Likewise.
    """
    marked = mark(path, overrides)
    problems = Problems(marked)
    methods = read_plugins(marked.value.get("plugins"), path.absolute().parent, problems)
    recipes = expand_recipes(marked.value, methods, problems)
    document = {k: v for k, v in marked.value.items() if k not in ("methods", "base_model")}
    return {
        key: recipes if key == "recipes" else value
        for key, value in ({"name": path.stem, "models": None, "recipes": None} | document).items()
        if key != "models" or value is not None
    }


def mark(path: Path, overrides: Sequence[str] = ()) -> Marked:
    """Return a space file with its line marks, overrides laid over.

    Args:
        path: As in `load_space`, which must take the file.
        overrides: Likewise.
    """
    marked = read_marked(read_text(path), path)
    lay_over(marked, overrides)
    return marked


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
    source = write_yaml(marked.value) if overrides else text
    return _read(marked, path.absolute(), source)


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
