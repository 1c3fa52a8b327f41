"""The JSON Schema of values and holes: what each kind of hole may say, from the reader's tables."""

from collections.abc import Iterable
from typing import Any

from evomerge.methods.table import MERGEKIT
from evomerge.methods.traits import UNIT_INTERVAL
from evomerge.space.hole import EACH
from evomerge.space.reading.recipes.domains import KINDS
from evomerge.space.reading.recipes.holes import SHAPE

Schema = dict[str, Any]
NAME: Schema = {"type": "string"}

_SCALARS: dict[str, Schema] = {
    "float": {"type": "number"},
    "share": {"type": "number", "minimum": 0, "maximum": 1},
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "str": NAME,
}
"""What a parameter of each type is; a `share` is a float of which all values lie in [0, 1]."""

_WORDS: dict[str, Schema] = {
    "log": {"type": "boolean", "description": "Draw on a logarithmic scale."},
    "step": {"type": ["number", "null"], "exclusiveMinimum": 0, "description": "Grid of values."},
    "name": {
        "type": ["string", "null"],
        "minLength": 1,
        "description": "Holes of one name share their value.",
    },
    "layers": {
        "anyOf": [{"type": ["integer", "null"], "minimum": 2}, {"const": EACH}],
        "description": "Anchors of a gradient, or each: a value for each layer.",
    },
    "modules": {
        "anyOf": [
            {"type": ["array", "null"], "items": {**NAME, "minLength": 1}},
            {"const": EACH},
        ],
        "description": "A value for each, and the rest; or each: for each part of a layer.",
    },
    "tensors": {
        "enum": [EACH, None],
        "description": "each: a value for each tensor, in place of the others.",
    },
}
"""What a hole may say beside its domain."""

_TENSORS_AND_MORE = {
    "required": ["tensors"],
    "properties": {"tensors": {"const": EACH}},
    "anyOf": [
        {"required": [word], "properties": {word: {"not": {"enum": [None, []]}}}}
        for word in ("layers", "modules")
    ],
}


def hole(scalar: Schema, *words: str) -> Schema:
    """Return the schema of a hole.

    Args:
        scalar: The schema of every value that it may take.
        words: What it may say beside its domain and what its kind adds, such as `name`.
    """
    ranges = [kind for kind in KINDS if _fits(kind, scalar)]
    return {"anyOf": [_hole_of(kind, scalar, words) for kind in ranges]}


def value_or_hole(scalar: Schema) -> Schema:
    """Return the schema of a value, or of a hole that can take nothing but such."""
    return {"anyOf": [scalar, hole(scalar, "name")]}


def one_of(known: Iterable[str]) -> Schema:
    """Return the schema of one of some names, or a choice among them."""
    return value_or_hole({"type": "string", "enum": sorted(known)})


def parameters() -> Schema:
    """Return the schema of `parameters:`, whatever the method."""
    types: dict[str, set[str]] = {}
    owners: dict[str, list[str]] = {}
    for method in MERGEKIT.values():
        for name, parameter in method.parameters.items():
            types.setdefault(name, set()).add("share" if name in UNIT_INTERVAL else parameter.type)
            owners.setdefault(name, []).append(method.name)
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {
                "anyOf": [{"$ref": f"#/$defs/{kind}"} for kind in sorted(types[name])],
                "description": f"Of {', '.join(owners[name])}.",
            }
            for name in sorted(types)
        },
    }


def definitions() -> dict[str, Schema]:
    """Return what `parameters` refers to, by name: a setting of each type, alone or by filter."""
    found: dict[str, Schema] = {}
    for kind, scalar in _SCALARS.items():
        by_filter = {"$ref": f"#/$defs/{kind}_by_filter"}
        items = [scalar, hole(scalar, "name"), by_filter]
        several = {"type": "array", "minItems": 1, "items": {"anyOf": items}}
        found[kind] = {"anyOf": [scalar, hole(scalar, "name", *SHAPE), by_filter, several]}
        value = {"anyOf": [scalar, hole(scalar, "name", "layers"), by_filter, several]}
        found[f"{kind}_by_filter"] = {
            "type": "object",
            "additionalProperties": False,
            "required": ["value"],
            "properties": {"filter": NAME, "value": value},
        }
    return found


def _fits(kind: str, scalar: Schema) -> bool:
    """Whether what a kind of hole draws can be such a value."""
    if kind == "choice":
        return True
    return scalar["type"] == "number" or (scalar["type"], kind) == ("integer", "int")


def _hole_of(kind: str, scalar: Schema, words: Iterable[str]) -> Schema:
    numbers = {"type": "integer"} if kind == "int" else {}
    domain = (
        {"type": "array", "items": scalar, "minItems": 1}
        if kind == "choice"
        else {"type": "array", "items": {**scalar, **numbers}, "minItems": 2, "maxItems": 2}
    )
    step = {"type": ["integer", "null"]} if kind == "int" else {}
    said = _WORDS | {"step": {**_WORDS["step"], **step}}
    alone = {"not": _TENSORS_AND_MORE} if "tensors" in words else {}
    return alone | {
        "type": "object",
        "additionalProperties": False,
        "required": [kind],
        "properties": {kind: domain} | {word: said[word] for word in (*KINDS[kind], *words)},
    }
