"""Read the `parameters:` of a merge: names, types and ranges against the method table."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from evomerge.methods.table import Method, MethodParameter
from evomerge.methods.traits import UNIT_INTERVAL
from evomerge.methods.types import is_int, is_number
from evomerge.space.hole import EACH, Hole, ends
from evomerge.space.places import Path
from evomerge.space.problems import Problems, show
from evomerge.space.reading.recipes.domains import KINDS
from evomerge.space.reading.recipes.holes import is_hole, read_value

_RIGHT = {
    "float": (is_number, "a number"),
    "int": (is_int, "a whole number"),
    "bool": (lambda value: isinstance(value, bool), "true or false"),
    "str": (lambda value: isinstance(value, str), "text"),
}


def read_parameters(
    node: Any,
    path: Path,
    allowed: Mapping[str, Method],
    problems: Problems,
    *,
    per_model: bool,
    uncounted: str = "",
) -> dict[str, Any]:
    """Read a mapping of merge parameters.

    Args:
        node: The mapping in the file.
        path: Where it stands.
        allowed: The merge methods that the recipe can take, by name; a parameter must belong to
            at least one of them.
        problems: Takes the mistakes.
        per_model: Whether it stands beside one model, where shared parameters have no effect.
        uncounted: Why nobody can count the layers that it is for; empty where that can be done.

    Returns:
        Parameter name → constant, gradient, filters, or `Hole`; None for a wrong value or a
        misspelt name, so that nobody takes it for missing.
    """
    known = {name: p for method in allowed.values() for name, p in method.parameters.items()}
    if not problems.known_keys(node, path, known):
        return {}
    read: dict[str, Any] = {}
    for name, value in node.items():
        if name not in known:
            read |= dict.fromkeys(get_close_matches(str(name), known, n=1))
            continue
        at = (*path, name)
        if per_model and known[name].scope == "shared":
            problems.add(
                at,
                f"{name} is one value for the whole merge, not for one model",
                help="move it to the recipe's own parameters",
                key=True,
            )
            continue
        read[name] = _setting(known[name], value, at, problems)
        if uncounted:
            refuse_each(value, at, uncounted, problems)
    return read


def _setting(
    parameter: MethodParameter, value: Any, path: Path, problems: Problems, depth: int = 0
) -> Any:
    """Read a value as mergekit writes it: scalar, gradient, `{filter, value}` list, or a hole."""
    if isinstance(value, list):
        if not value:
            problems.add(path, f"{parameter.name} is an empty list")
            return None
        read = [
            _filtered(parameter, item, (*path, i), problems)
            if isinstance(item, Mapping) and not is_hole(item)
            else _setting(parameter, item, (*path, i), problems, depth + 1)
            for i, item in enumerate(value)
        ]
        return None if any(item is None for item in read) else read
    if isinstance(value, Mapping) and not is_hole(value):
        return _filtered(parameter, value, path, problems)
    right, what = _RIGHT[parameter.type]
    wanted = f"{parameter.name} must be {what}"
    found = read_value(value, path, problems, right, wanted, in_parameters=True)
    if found is None or not _in_range(parameter.name, ends(found), path, problems):
        return None
    if isinstance(found, Hole) and depth:
        layers = found.layers or "layers" in found.each
        filters = found.modules or {"modules", "tensors"} & {*found.each}
        if filters or (layers and path[-1] != "value"):
            what = "a hole inside a list takes no modules or tensors, and layers only for a filter"
            problems.add(path, what)
            return None
    return found


def refuse_each(
    value: Any,
    path: Path,
    why: str,
    problems: Problems,
    words: Sequence[str] = ("layers", "tensors"),
) -> None:
    """Note every hole with a value for each layer, or of other words, where that has no meaning.

    Args:
        value: What stands in the file.
        path: Where it stands.
        why: Why it has none there.
        problems: Takes the mistakes.
        words: What must not be `each`.
    """
    if is_hole(value):
        for word in words:
            if value.get(word) == EACH:
                problems.add((*path, word), f"{word}: each is not defined here: {why}")
    elif isinstance(value, list | Mapping):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, item in items:
            refuse_each(item, (*path, key), why, problems, words)


def _filtered(parameter: MethodParameter, value: Any, path: Path, problems: Problems) -> Any:
    keys = ("filter", "value")
    if not value:
        problems.add(path, f"{parameter.name} is an empty mapping")
        return None
    if not problems.known_keys(value, path, keys if set(keys) & set(value) else (*KINDS, *keys)):
        return None
    if not set(keys) & set(value):
        return None
    if "value" not in value:
        problems.add(path, "an entry with a filter needs a value")
        return None
    if not isinstance(value.get("filter", ""), str):
        problems.add((*path, "filter"), f"filter must be text, got {show(value['filter'])}")
        return None
    inner = _setting(parameter, value["value"], (*path, "value"), problems, depth=1)
    return None if inner is None else {**value, "value": inner}


def _in_range(name: str, values: tuple[Any, ...], path: Path, problems: Problems) -> bool:
    outside = [v for v in values if name in UNIT_INTERVAL and not 0 <= v <= 1]
    if outside:
        problems.add(path, f"{name} lies within [0, 1], got {outside[0]}")
    return not outside
