"""Read `models:`, the short names of what the recipes merge, and where recipes use them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evomerge.recipe.reference import Reference
from evomerge.space.hole import Hole
from evomerge.space.places import Path as Place
from evomerge.space.problems import Problems, show
from evomerge.space.reading.recipes.holes import read_name


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


class ModelNames:
    """Reads the models that recipes name.

    Args:
        models: Short names that recipes may use; None lets references stand for themselves.
        folder: Where relative references start.
        problems: Takes the mistakes.
    """

    def __init__(self, models: Mapping[str, str] | None, folder: Path, problems: Problems) -> None:
        self._models = models
        self._folder = folder
        self._problems = problems

    def read(self, node: Any, path: Place) -> str | Hole | None:
        """Read a model's short name, or a choice among short names; None if it is wrong."""
        if self._models is not None:
            return read_name(node, path, self._problems, tuple(self._models), what="model")
        if isinstance(node, str) and node:
            return str(Reference.parse(node).absolute(self._folder))
        self._problems.add(path, f"a model must be a folder or hub id, got {show(node)}")
        return None
