"""Read a value or a hole: the one place where a recipe's file may give either."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evomerge.errors import did_you_mean
from evomerge.methods.types import is_int, is_number
from evomerge.space.domains import ChoiceDomain, Domain, FloatDomain, IntDomain, divides
from evomerge.space.hole import Hole, ends
from evomerge.space.reading.problems import Problems, show
from evomerge.space.reading.yaml import Path

KINDS = tuple(domain.kind for domain in (FloatDomain, IntDomain, ChoiceDomain))
"""The keys that make a mapping of the file a hole."""


def is_hole(value: Any) -> bool:
    """Whether a value of the file is meant as a hole."""
    return isinstance(value, Mapping) and any(kind in value for kind in KINDS)


def read_value(
    node: Any,
    path: Path,
    problems: Problems,
    right: Callable[[Any], bool],
    wanted: str,
    *,
    in_parameters: bool = False,
) -> Any:
    """Read a value, or a hole that can take nothing but right ones.

    Args:
        node: What stands in the file.
        path: Where it stands.
        problems: Takes the mistakes.
        right: Whether a value may stand there.
        wanted: What may, as the message begins: `blocks must be a whole number`.
        in_parameters: Whether a hole may have `layers` and `modules`.

    Returns:
        The value or the `Hole`; None if it is wrong.
    """
    if is_hole(node):
        hole = read_hole(node, path, problems, in_parameters=in_parameters)
        if hole is None or hole.domain.takes_only(right):
            return hole
    elif right(node):
        return node
    problems.add(path, f"{wanted}, got {show(node)}")
    return None


def read_name(
    node: Any, path: Path, problems: Problems, known: Sequence[str], what: str = ""
) -> str | Hole | None:
    """Read one of some known names, or a choice among them.

    Args:
        node: What stands in the file.
        path: Where it stands.
        problems: Takes the mistakes.
        known: The names.
        what: What they name, if its key does not say it.

    Returns:
        The name or the `Hole`; None if it is wrong.
    """
    what = what or str(path[-1])
    found: str | Hole = node
    if is_hole(node):
        hole = read_hole(node, path, problems, in_parameters=False)
        if hole is None:
            return None
        if not isinstance(hole.domain, ChoiceDomain):
            problems.add(path, f"{what} takes a choice, not a range")
            return None
        found = hole
    for name in ends(found):
        if name not in known:
            problems.add(path, f"unknown {what} {name!r}", help=did_you_mean(str(name), known))
            return None
    return found


def read_hole(
    value: Mapping[str, Any], path: Path, problems: Problems, *, in_parameters: bool
) -> Hole | None:
    """Read a hole, noting its mistakes.

    Args:
        value: The mapping in the file.
        path: Where it stands.
        problems: Takes the mistakes.
        in_parameters: Whether `layers`, `modules` make sense here: only merge parameters
            take gradients and filters.

    Returns:
        The hole, or None if it is wrong.
    """
    kinds = [kind for kind in KINDS if kind in value]
    if len(kinds) != 1:
        problems.add(path, f"a hole has one of float, int, choice, got {' and '.join(kinds)}")
        return None
    kind = kinds[0]
    allowed = [kind, "name"]
    allowed += ["layers", "modules"] if in_parameters else []
    allowed += ["log", "step"] if kind != ChoiceDomain.kind else []
    if set(value) - set(allowed):
        problems.known_keys(value, path, allowed)
        return None
    shape = _read_shape(value, path, problems)
    if shape is None:
        return None
    domain = _DOMAINS[kind](value, path, problems)
    return None if domain is None else Hole(domain, **shape)


def _read_shape(value: Mapping[str, Any], path: Path, problems: Problems) -> dict[str, Any] | None:
    layers, modules, name = value.get("layers"), value.get("modules", []), value.get("name")
    if layers is not None and not (is_int(layers) and layers >= 2):
        problems.add(
            (*path, "layers"), f"layers must be a whole number of at least 2, got {layers!r}"
        )
        return None
    if not isinstance(modules, list) or not all(isinstance(m, str) and m for m in modules):
        problems.add((*path, "modules"), f"modules must be a list of names, got {show(modules)}")
        return None
    if len(set(modules)) < len(modules):
        problems.add((*path, "modules"), f"a module stands twice in {show(modules)}")
        return None
    if name is not None and not (isinstance(name, str) and name):
        problems.add((*path, "name"), f"name must be text, got {show(name)}")
        return None
    return {"layers": layers, "modules": tuple(modules), "name": name}


def _read_choice(value: Mapping[str, Any], path: Path, problems: Problems) -> Domain | None:
    choices, at = value[ChoiceDomain.kind], (*path, ChoiceDomain.kind)
    if not isinstance(choices, list) or not choices or not all(map(_is_scalar, choices)):
        problems.add(at, f"choice must be a list of values, got {show(choices)}")
        return None
    if len(set(map(repr, choices))) < len(choices):
        problems.add(at, f"a choice stands twice in {show(choices)}")
        return None
    return ChoiceDomain(tuple(choices))


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool) or value is None


def _read_float(value: Mapping[str, Any], path: Path, problems: Problems) -> Domain | None:
    read = _read_range("float", is_number, "numbers", value, path, problems)
    return FloatDomain(*read) if read else None


def _read_int(value: Mapping[str, Any], path: Path, problems: Problems) -> Domain | None:
    read = _read_range("int", is_int, "whole numbers", value, path, problems)
    return IntDomain(*read) if read else None


def _read_range(
    kind: str,
    right: Callable[[Any], bool],
    numbers: str,
    value: Mapping[str, Any],
    path: Path,
    problems: Problems,
) -> tuple[Any, Any, Any, bool] | None:
    """Return low end, high end, step and whether the scale is logarithmic."""
    bounds, step, log = value[kind], value.get("step"), value.get("log", False)
    if not (isinstance(bounds, list) and len(bounds) == 2 and all(map(right, bounds))):
        what = f"{kind} must be [low, high], two {numbers}, got {show(bounds)}"
        problems.add((*path, kind), what)
        return None
    low, high = bounds
    if low >= high:
        problems.add(
            (*path, kind),
            f"range is upside down or empty, got [{low}, {high}]",
            help=f"write [{high}, {low}]" if low > high else "write the value itself",
        )
        return None
    if not isinstance(log, bool):
        problems.add((*path, "log"), f"log must be true or false, got {show(log)}")
        return None
    if log and low <= 0:
        problems.add(path, f"a log range starts above 0, got [{low}, {high}]")
        return None
    if step is not None and not (right(step) and step > 0):
        problems.add((*path, "step"), f"step must be a positive number, got {show(step)}")
        return None
    if log and step is not None:
        problems.add((*path, "step"), "log and step exclude each other")
        return None
    if step is not None and not divides(step, high - low):
        reached = low + step * int((high - low) / step)
        problems.add(
            (*path, "step"),
            f"step {step} does not divide [{low}, {high}]",
            help=f"the last value it reaches is {reached:g}",
        )
        return None
    return low, high, step, log


_DOMAINS = {"float": _read_float, "int": _read_int, "choice": _read_choice}
