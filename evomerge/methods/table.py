"""mergekit's merge methods as data: inputs, base and parameters of each."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class MethodParameter:
    """One parameter of a merge method.

    Args:
        name: As mergekit's YAML writes it.
        type: `float`, `int`, `bool` or `str`.
        scope: `shared` (one for the merge), `input` (one a model) or `non_base` (one a
            model that is not the base).
        required: Whether mergekit has no default for it.
        default: mergekit's default, or None.
    """

    name: str
    type: str
    scope: str
    required: bool
    default: Any


@dataclass(frozen=True)
class Method:
    """A merge method's contract.

    Args:
        name: Name in mergekit's registry.
        pretty_name: Name for people.
        reference: Address of the paper or source, or None.
        base: `required`, `optional`, `ignored` or `forbidden`.
        min_inputs: Fewest models, the base counted.
        max_inputs: Most models, the base counted, or None.
        min_non_base: Fewest models beside the base, or None.
        max_non_base: Most models beside the base, or None.
        parameters: Its parameters, by name.
        plugin: Absolute path of the plug-in that registers it; empty for mergekit's own.
    """

    name: str
    pretty_name: str
    reference: str | None
    base: str
    min_inputs: int
    max_inputs: int | None
    min_non_base: int | None
    max_non_base: int | None
    parameters: dict[str, MethodParameter]
    plugin: str = ""


_ADDED: dict[str, Method] = {}


def methods() -> dict[str, Method]:
    """Return every method by name: mergekit's own, then those of plug-ins read so far."""
    return {**_frozen(), **_ADDED}


def add_methods(rows: Iterable[Mapping[str, Any]], plugin: str) -> None:
    """Make a plug-in's merge methods known to this process.

    Args:
        rows: As `methods.json` holds them.
        plugin: Absolute path of the plug-in.

    Raises:
        KeyError: A row lacks something.
        TypeError: A row holds something else.
    """
    for row in rows:
        _ADDED[row["name"]] = _method(row, plugin)


@cache
def _frozen() -> dict[str, Method]:
    rows = json.loads(files("evomerge.methods").joinpath("methods.json").read_text())
    return {row["name"]: _method(row, "") for row in rows}


def _method(row: Mapping[str, Any], plugin: str) -> Method:
    parameters = {p["name"]: MethodParameter(**p) for p in row["parameters"]}
    return Method(**{**row, "parameters": parameters, "plugin": plugin})
