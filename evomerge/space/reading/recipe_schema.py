"""The recipes' part of the JSON Schema: what mergekit's YAML says, with holes."""

from typing import Any

from evomerge.methods.table import MERGEKIT
from evomerge.recipe.mixture import KEYS as MIXTURE_KEYS
from evomerge.recipe.recipe import KEYS

Schema = dict[str, Any]
_NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_NAME = {"type": "string"}


def recipes() -> dict[str, Schema]:
    """Return the schema of each key with which a space file tells its recipes."""
    recipe = {"anyOf": [{"$ref": "#/$defs/recipe"}, {"$ref": "#/$defs/moe"}]}
    return {
        "models": {
            "type": "object",
            "additionalProperties": _NAME,
            "description": "Short name → folder, hub id, hub id@revision, model+adapter, zoo://…",
        },
        "base_model": {**_NAME, "description": "Base for recipes: auto and methods."},
        "plugins": {
            "type": "array",
            "items": _NAME,
            "description": "Tables of merge methods of one's own: evomerge methods --plugin.",
        },
        "methods": {"type": "array", "items": _method(), "description": "Instead of recipes."},
        "recipes": {"anyOf": [{"const": "auto"}, {"type": "array", "items": recipe}]},
    }


def definitions() -> dict[str, Schema]:
    """Return what `recipes` refers to, by name."""
    return {
        "hole": _hole(),
        "name": {"anyOf": [_NAME, {"$ref": "#/$defs/hole"}]},
        "value": _value(),
        "parameters": _parameters(),
        "inputs": _inputs(),
        "slices": _slices(),
        "recipe": _recipe(),
        "moe": _moe(),
    }


def _method() -> Schema:
    return {"enum": sorted(MERGEKIT)}


def _hole() -> Schema:
    kinds = {"float": _NUMBERS, "int": _NUMBERS, "choice": {"type": "array", "minItems": 1}}
    more = {
        "log": {"type": "boolean", "description": "Draw on a logarithmic scale."},
        "step": {"type": "number", "description": "Grid of the values."},
        "layers": {"type": "integer", "minimum": 2, "description": "Anchors of a gradient."},
        "modules": {
            "type": "array",
            "items": _NAME,
            "description": "A value for each, and the rest.",
        },
        "name": {**_NAME, "description": "Holes of one name share their value."},
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": kinds | more,
        "oneOf": [{"required": [kind]} for kind in kinds],
    }


def _value() -> Schema:
    scalar = {"type": ["number", "boolean", "string"]}
    filtered = {
        "type": "object",
        "additionalProperties": False,
        "required": ["value"],
        "properties": {"filter": _NAME, "value": {"$ref": "#/$defs/value"}},
    }
    one = [scalar, {"$ref": "#/$defs/hole"}, filtered]
    return {"anyOf": [*one, {"type": "array", "items": {"anyOf": one}}]}


def _parameters() -> Schema:
    known: dict[str, list[str]] = {}
    for method in MERGEKIT.values():
        for parameter in method.parameters:
            known.setdefault(parameter, []).append(method.name)
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {"$ref": "#/$defs/value", "description": f"Of {', '.join(owners)}."}
            for name, owners in sorted(known.items())
        },
    }


def _input(**more: Schema) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["model"],
        "properties": {
            "model": {"$ref": "#/$defs/name"},
            "parameters": {"$ref": "#/$defs/parameters"},
            **more,
        },
    }


def _inputs() -> Schema:
    pair = {
        "type": "object",
        "additionalProperties": False,
        "required": ["pair"],
        "properties": {
            "pair": {"type": "array", "items": _NAME, "minItems": 2},
            "ordered": {"type": "boolean"},
            "parameters": {"$ref": "#/$defs/parameters"},
        },
    }
    return {"anyOf": [{"type": "array", "items": _input()}, pair]}


def _slices() -> Schema:
    layer = {"anyOf": [{"type": "integer", "minimum": 0}, {"$ref": "#/$defs/hole"}]}
    ends = {"type": "array", "items": layer, "minItems": 2, "maxItems": 2}
    return {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["sources"],
            "properties": {
                "sources": {"type": "array", "items": _input(layer_range=ends)},
                "base_model": {"$ref": "#/$defs/name"},
                "parameters": {"$ref": "#/$defs/parameters"},
            },
        },
    }


def _recipe() -> Schema:
    number = {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/hole"}]}
    inner = {
        "models": {"$ref": "#/$defs/inputs"},
        "slices": {"$ref": "#/$defs/slices"},
        "parameters": {"$ref": "#/$defs/parameters"},
    }
    module = {"type": "object", "additionalProperties": False, "properties": inner}
    stack = {
        "type": "object",
        "additionalProperties": False,
        "required": ["models", "layers", "blocks", "length"],
        "properties": {
            "models": {"type": "array", "items": _NAME, "minItems": 1},
            "layers": {"type": "integer", "minimum": 1},
            "blocks": number,
            "length": number,
            "overlap": number,
            "first": number,
            "repeat": number,
            "depth": {**_NUMBERS, "items": {"type": "integer"}},
            "parameters": {"$ref": "#/$defs/parameters"},
        },
    }
    known: dict[str, Schema] = {
        "merge_method": {"anyOf": [_method(), {"$ref": "#/$defs/hole"}]},
        "base_model": {"$ref": "#/$defs/name"},
        **inner,
        "modules": {"type": "object", "additionalProperties": module},
        "tokenizer": {"type": "object"},
        "chat_template": _NAME,
    }
    properties = {key: known.get(key, {"$ref": "#/$defs/name"}) for key in KEYS}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["merge_method"],
        "properties": {"name": _NAME, "stack": stack, **properties},
    }


def _moe() -> Schema:
    number = {"anyOf": [{"type": "number"}, {"$ref": "#/$defs/hole"}]}
    texts = {"type": "array", "items": _NAME, "minItems": 1}
    expert = {
        "source_model": {"$ref": "#/$defs/name"},
        "positive_prompts": texts,
        "negative_prompts": texts,
        "noise_scale": number,
        "residual_scale": number,
    }
    experts = {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["source_model"],
            "properties": expert,
        },
    }
    known: dict[str, Schema] = {
        "experts": experts,
        "shared_experts": experts,
        "experts_per_token": number,
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["base_model", "experts"],
        "properties": {
            key: known.get(key, {"$ref": "#/$defs/name"}) for key in ("name", *MIXTURE_KEYS)
        },
    }
