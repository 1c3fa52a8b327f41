"""Read a space file: the one door from YAML to `Space`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evomerge.errors import InputError
from evomerge.recipe.reference import absolute_reference
from evomerge.space.domains import Hole
from evomerge.space.generate.shorthand import expand_recipes
from evomerge.space.reading.experts import KIND
from evomerge.space.reading.plugins import read_plugins
from evomerge.space.reading.problems import Problems, show
from evomerge.space.reading.recipes import RecipeReader
from evomerge.space.reading.settings import (
    read_budget,
    read_evaluate,
    read_objective,
    read_search,
    read_workers,
)
from evomerge.space.reading.yaml import Marked, read_marked, read_text, write_yaml
from evomerge.space.space import RECIPE, Space
from evomerge.space.template import Template

KEYS = (
    "name",
    "models",
    "base_model",
    "plugins",
    "methods",
    "recipes",
    "evaluate",
    "objective",
    "search",
    "budget",
    "workers",
)
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
    document = {k: v for k, v in marked.value.items() if k not in ("methods", "base_model")}
    return {
        key: expand_recipes(marked.value, Problems(marked)) if key == "recipes" else value
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
    for override in overrides:
        _override(marked, override)
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
    for override in overrides:
        _override(marked, override)
    source = write_yaml(marked.value) if overrides else text
    return _read(marked, path.absolute(), source)


def _read(marked: Marked, path: Path, source: str) -> Space:
    problems = Problems(marked)
    document = marked.value
    if not problems.known_keys(document, (), KEYS):
        problems.raise_if_any()
    plugins = read_plugins(document.get("plugins"), path.parent, problems)
    models = _read_models(document.get("models"), path.parent, problems)
    recipes = expand_recipes(document, problems)
    templates = _read_recipes(recipes or [], models, path.parent, problems)
    objective = read_objective(document, problems)
    name = problems.setting(
        document, (), "name", path.stem, _is_name, "a name of letters, digits, - _ ."
    )
    space = Space(
        name=name,
        path=path,
        source=source,
        models=models or {},
        templates=templates,
        evaluate=read_evaluate(document, path.parent, problems),
        objective=objective,
        search=read_search(document, objective, problems),
        budget=read_budget(document, problems),
        workers=read_workers(document, problems),
        plugins=plugins,
    )
    if not problems:
        _check_shared_names(space, problems)
    problems.raise_if_any()
    return space


def _is_name(value: Any) -> bool:
    return (
        isinstance(value, str)
        and value[:1].isalnum()
        and len(value) <= 100
        and all(c.isalnum() or c in "-_." for c in value)
    )


def _read_models(node: Any, folder: Path, problems: Problems) -> dict[str, str] | None:
    if node is None:
        return None
    if not isinstance(node, Mapping) or not node:
        problems.add(("models",), f"models must be a mapping of short names, got {show(node)}")
        return {}
    models: dict[str, str] = {}
    for name, reference in node.items():
        if not isinstance(name, str):
            problems.add(("models", name), f"a short name must be text, got {name!r}", key=True)
        elif not isinstance(reference, str) or not reference:
            problems.add(
                ("models", name), f"a model must be a folder or hub id, got {show(reference)}"
            )
        else:
            absolute = "+".join(absolute_reference(part, folder) for part in reference.split("+"))
            if absolute in models.values():
                problems.add(("models", name), f"{reference} has a short name already")
            models[name] = absolute
        if isinstance(name, str):
            models.setdefault(name, "")
    return models


def _read_recipes(
    node: list[Any], models: Mapping[str, str] | None, folder: Path, problems: Problems
) -> tuple[Template, ...]:
    reader = RecipeReader(models, problems, folder)
    templates: list[Template] = []
    for index, item in enumerate(node):
        document = reader.read(item, ("recipes", index))
        if document is None:
            continue
        label = item.get("name") or _default_label(document.get("merge_method", KIND), index)
        taken = [template.label for template in templates]
        if not _is_name(label):
            problems.add(("recipes", index, "name"), f"name must be a name, got {show(label)}")
        elif label in taken and "name" in item:
            problems.add(("recipes", index, "name"), f"name {label!r} stands twice")
        reserved = [*taken, *(i.get("name") for i in node[index + 1 :] if isinstance(i, dict))]
        unique, copy = label, 1
        while "name" not in item and unique in reserved:
            copy += 1
            unique = f"{label}-{copy}"
        templates.append(Template(unique, document))
    return tuple(templates)


def _default_label(method: Any, index: int) -> str:
    return f"recipe{index}" if isinstance(method, Hole) else str(method)


def _check_shared_names(space: Space, problems: Problems) -> None:
    """Holes that share a `name` must agree on their range."""
    seen = {RECIPE: space.parameters()[0]} if len(space.templates) > 1 else {}
    told: set[str] = set()
    for index, template in enumerate(space.templates):
        for parameter in template.draws():
            known = seen.setdefault(parameter.name, parameter)
            if known != parameter and parameter.name not in told:
                told.add(parameter.name)
                problems.add(
                    ("recipes", index),
                    f"holes named {parameter.name!r} differ: {known.range_text()} "
                    f"and {parameter.range_text()}",
                    help="give them one range, or two names",
                )


def _override(marked: Marked, override: str) -> None:
    """Lay one `key.path=value` over the document."""
    where = f"--set {override}"
    keys, separator, text = override.partition("=")
    if not separator or not keys:
        raise InputError("not of the form key.path=value", where=where)
    value = read_marked(text, where).value
    node = marked.value
    steps = keys.split(".")
    path: tuple[Any, ...] = ()
    for position, step in enumerate(steps):
        last = position == len(steps) - 1
        key: Any = step
        if isinstance(node, list):
            if not step.isdecimal() or int(step) >= len(node):
                raise InputError(f"no item {step!r} in a list of {len(node)}", where=where)
            key = int(step)
        elif not isinstance(node, dict):
            raise InputError(f"{'.'.join(steps[:position])} is no mapping", where=where)
        elif node.get(step) is None and not last:
            node[step] = {}
        path = (*path, key)
        if last:
            node[key] = value
            marked.overridden[path] = where
        else:
            node = node[key]
