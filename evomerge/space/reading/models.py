"""Read `models:`, the short names of what the recipes merge."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evomerge.recipe.reference import Reference
from evomerge.space.reading.problems import Problems, show


def read_models(node: Any, folder: Path, problems: Problems) -> dict[str, str] | None:
    """Return short name → reference, folders made absolute; None where the file names none.

    Args:
        node: What stands under `models`.
        folder: The file's folder, where relative paths start.
        problems: Takes the mistakes.
    """
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
            absolute = str(Reference.parse(reference).absolute(folder))
            if absolute in models.values():
                problems.add(("models", name), f"{reference} has a short name already")
            models[name] = absolute
        if isinstance(name, str):
            models.setdefault(name, "")
    return models
