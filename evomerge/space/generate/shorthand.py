"""Write a space's shorthand out: `recipes: auto` or `methods: [...]` become plain recipes."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from evomerge.errors import did_you_mean
from evomerge.methods.fit import why_not
from evomerge.methods.table import MethodTable
from evomerge.space.generate.auto import auto_recipes
from evomerge.space.problems import Problems, show

_AUTO = "auto"


def expand_recipes(
    document: Mapping[str, Any], methods: MethodTable, problems: Problems
) -> list[Any] | None:
    """Return a space's recipes as a list, or None where that is wrong, which is noted.

    Args:
        document: The space file as plain values.
        methods: Every merge method that the space knows.
        problems: Takes the mistakes.
    """
    recipes = document.get("recipes")
    if recipes == _AUTO or "methods" in document:
        return _expand(document, methods, problems)
    if "base_model" in document:
        problems.add(
            ("base_model",),
            "base_model at the top serves recipes: auto and methods; here each recipe has its own",
            key=True,
        )
    if isinstance(recipes, list) and recipes:
        return recipes
    if recipes is None and any(get_close_matches(str(key), ["recipes"]) for key in document):
        return None  # the misspelt key is told already
    problems.add(
        ("recipes",),
        f"recipes must be a list of mergekit recipes, or auto, got {show(recipes)}",
    )
    return None


def _expand(
    document: Mapping[str, Any], table: MethodTable, problems: Problems
) -> list[Any] | None:
    models = document.get("models")
    if document.get("recipes", _AUTO) != _AUTO:
        problems.add(("methods",), "a space has recipes or methods, not both", key=True)
        return None
    if not isinstance(models, Mapping) or not models:
        where = "methods" if "methods" in document else "recipes"
        problems.add((where,), f"{where} needs models: the short names of what to merge")
        return None
    names = [str(name) for name in models]
    base = document.get("base_model", "base" if "base" in names else None)
    if base is not None and base not in names:
        problems.add(
            ("base_model",), f"unknown model {base!r}", help=did_you_mean(str(base), names)
        )
        return None
    experts = len(names) - (base is not None)
    allowed = None
    if "methods" in document:
        allowed = _methods(document["methods"], table, experts, base, problems)
        if allowed is None:
            return None
    recipes = auto_recipes(names, base, allowed, table)
    if not recipes:
        problems.add(("models",), "no merge method fits these models: name two or more to merge")
    return recipes or None


def _methods(
    node: Any, table: MethodTable, experts: int, base: str | None, problems: Problems
) -> list[str] | None:
    """Read `methods:`: names of merge methods that fit the models."""
    if not isinstance(node, list) or not node:
        problems.add(("methods",), f"methods must be a list of merge methods, got {show(node)}")
        return None
    wrong = False
    for index, name in enumerate(node):
        at = ("methods", index)
        if name not in table:
            help = did_you_mean(str(name), table)
            problems.add(at, f"unknown merge method {name!r}", help=help)
            wrong = True
        elif name in node[:index]:
            problems.add(at, f"{name} stands twice")
            wrong = True
        elif (why := why_not(table[name], experts, has_base=base is not None)) is not None:
            problems.add(at, f"{name} does not fit these models: {why}")
            wrong = True
    return None if wrong else node
