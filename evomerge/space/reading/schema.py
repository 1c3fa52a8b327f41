"""The JSON Schema of a space file, for completion and hints in editors.

It refuses what the reader refuses, as far as a schema can tell: `evomerge check` also knows which
methods need a base model, whether a folder is there, whether a task stands twice.
"""

from typing import Any

from pydantic import TypeAdapter

from evomerge.samplers import SAMPLERS, takes_pareto
from evomerge.settings import Settings
from evomerge.space.reading import recipe_schema

Schema = dict[str, Any]


def schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of a space file."""
    settings = _tidy(TypeAdapter(Settings).json_schema())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "evomerge space",
        "type": "object",
        "additionalProperties": False,
        "required": settings["required"],
        "properties": recipe_schema.recipes() | settings["properties"],
        "not": {"anyOf": [_ONE_VALUE_FOR_PARETO, _GRADIENT_ON_DISK]},
        "$defs": recipe_schema.definitions() | settings["$defs"],
    }


_ONE_VALUE_FOR_PARETO = {
    "required": ["objective", "search"],
    "properties": {
        "objective": {"const": "pareto"},
        "search": {
            "type": "object",
            "required": ["sampler"],
            "properties": {"sampler": {"enum": sorted(SAMPLERS.keys() - set(takes_pareto()))}},
        },
    },
}


_GRADIENT_ON_DISK = {
    "required": ["search", "workers"],
    "properties": {
        "search": {
            "type": "object",
            "required": ["sampler"],
            "properties": {
                "sampler": {"enum": sorted(name for name, can in SAMPLERS.items() if can.gradient)}
            },
        },
        "workers": {
            "type": "object",
            "required": ["mode"],
            "properties": {"mode": {"const": "disk"}},
        },
    },
}


def _tidy(node: Any) -> Any:
    """Return a schema without the titles that repeat names, each description on one line."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: _tidy(value)
        for key, value in node.items()
        if key != "title" or not isinstance(value, str)
    }
    if isinstance(text := kept.get("description"), str):
        kept["description"] = " ".join(text.split())
    return kept
