"""Read what a hole ranges over: two ends, or choices."""

from collections.abc import Callable, Mapping
from typing import Any

from evomerge.methods.types import is_int, is_number
from evomerge.space.domains import ChoiceDomain, Domain, FloatDomain, IntDomain, divides
from evomerge.space.places import Path
from evomerge.space.problems import Problems, show

KINDS: dict[str, tuple[str, ...]] = {"float": ("log", "step"), "int": ("log", "step"), "choice": ()}
"""The keys that make a mapping of the file a hole → what more it may say of its domain."""


def read_domain(
    kind: str, value: Mapping[str, Any], path: Path, problems: Problems
) -> Domain | None:
    """Read a domain, noting its mistakes; None if it is wrong.

    Args:
        kind: One of `KINDS`, a key of the mapping.
        value: The hole in the file.
        path: Where it stands.
        problems: Takes the mistakes.
    """
    read = {"float": _read_float, "int": _read_int, "choice": _read_choice}[kind]
    return read(value, path, problems)


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
