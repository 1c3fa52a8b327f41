"""Read `recipes:`, the alternatives of a space: each has a label, and holes share names."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evomerge.methods.table import MethodTable
from evomerge.recipe.mixture import KIND
from evomerge.settings import is_name
from evomerge.space.hole import Hole
from evomerge.space.problems import Problems, show
from evomerge.space.reading.recipes.recipe import RecipeReader
from evomerge.space.space import RECIPE, Space
from evomerge.space.template import Template


def read_alternatives(
    node: Sequence[Any],
    models: Mapping[str, str] | None,
    methods: MethodTable,
    folder: Path,
    problems: Problems,
) -> tuple[Template, ...]:
    """Return the recipes that are right, each under a label of its own.

    Args:
        node: The recipes, shorthand written out.
        models: Short name → reference, or None where recipes name their references.
        methods: Every merge method that a recipe may name.
        folder: The file's folder, where relative paths start.
        problems: Takes the mistakes.
    """
    reader = RecipeReader(models, problems, folder, methods)
    templates: list[Template] = []
    for index, item in enumerate(node):
        document = reader.read(item, ("recipes", index))
        if document is None:
            continue
        label = item.get("name") or _default_label(document.get("merge_method", KIND), index)
        taken = [template.label for template in templates]
        if not is_name(label):
            problems.add(("recipes", index, "name"), f"name must be a name, got {show(label)}")
        elif label in taken and "name" in item:
            problems.add(("recipes", index, "name"), f"name {label!r} stands twice")
        reserved = [*taken, *(i.get("name") for i in node[index + 1 :] if isinstance(i, dict))]
        unique, copy = label, 1
        while "name" not in item and unique in reserved:
            copy += 1
            unique = f"{label}-{copy}"
        templates.append(Template(unique, document, methods))
    return tuple(templates)


def check_shared_names(space: Space, problems: Problems) -> None:
    """Note where holes that share a `name` differ in their range.

    Args:
        space: A space that is right in all else.
        problems: Takes the mistakes.
    """
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


def _default_label(method: Any, index: int) -> str:
    return f"recipe{index}" if isinstance(method, Hole) else str(method)
