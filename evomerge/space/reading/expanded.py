"""A space file with its shorthand written out, to start short and edit."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evomerge.methods.table import MethodTable
from evomerge.space.reading.load import expanded
from evomerge.space.reading.yaml import write_yaml


def expanded_text(path: Path, overrides: Sequence[str], methods: MethodTable) -> str:
    """Return a space as an editable file, each recipe under its methods' names and sources.

    Args:
        path: The file, which must be a space.
        overrides: As laid over it.
        methods: The space's table.
    """
    lines = []
    for key, value in expanded(path, overrides).items():
        if key != "recipes":
            lines.append(write_yaml({key: value}))
            continue
        lines.append("recipes:\n")
        for recipe in value:
            lines += [f"# {line}\n" for line in _about(recipe.get("merge_method"), methods)]
            lines.append(write_yaml([recipe]))
    return "".join(lines)


def _about(method: Any, methods: MethodTable) -> list[str]:
    if method is None:
        return ["moe: a mixture of experts, as mergekit-moe makes it"]
    names = method["choice"] if isinstance(method, dict) else [method]
    known = [methods[name] for name in names]
    return [f"{m.name}: {m.pretty_name}{f', {m.reference}' if m.reference else ''}" for m in known]
