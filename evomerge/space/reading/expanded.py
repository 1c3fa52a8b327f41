"""A space file with its shorthand written out, to start short and edit."""

from typing import Any

from evomerge.methods.table import MethodTable
from evomerge.space.generate.shorthand import expand_recipes
from evomerge.space.problems import Problems
from evomerge.space.reading.yaml import write_yaml
from evomerge.space.space import Space


def expanded(space: Space) -> dict[str, Any]:
    """Return what a space's file says as plain values, its shorthand written out as recipes."""
    said = {k: v for k, v in space.marked.value.items() if k not in ("methods", "base_model")}
    recipes = expand_recipes(space.marked.value, space.methods, Problems(space.marked))
    ordered = {"name": space.name, "models": None, "recipes": None} | said | {"recipes": recipes}
    return {key: value for key, value in ordered.items() if key != "models" or value is not None}


def expanded_text(space: Space) -> str:
    """Return a space as an editable file, each recipe under its methods' names and sources."""
    lines = []
    for key, value in expanded(space).items():
        if key != "recipes":
            lines.append(write_yaml({key: value}))
            continue
        lines.append("recipes:\n")
        for recipe in value:
            lines += [f"# {line}\n" for line in _about(recipe.get("merge_method"), space.methods)]
            lines.append(write_yaml([recipe]))
    return "".join(lines)


def _about(method: Any, methods: MethodTable) -> list[str]:
    if method is None:
        return ["moe: a mixture of experts, as mergekit-moe makes it"]
    names = method["choice"] if isinstance(method, dict) else [method]
    known = [methods[name] for name in names]
    return [f"{m.name}: {m.pretty_name}{f', {m.reference}' if m.reference else ''}" for m in known]
