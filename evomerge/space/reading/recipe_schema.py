"""The recipes' part of the JSON Schema: what mergekit's YAML says, with holes."""

from evomerge.methods.table import MERGEKIT
from evomerge.recipe.mixture import EXPERT_KEYS, GATE_MODES, PROMPTS
from evomerge.recipe.mixture import KEYS as MIXTURE_KEYS
from evomerge.recipe.recipe import DTYPES, KEYS
from evomerge.space.reading import value_schema
from evomerge.space.reading.recipes.recipe import INPUTS, TOKENIZER_KEYS
from evomerge.space.reading.recipes.stacks import KEYS as STACK_KEYS
from evomerge.space.reading.recipes.stacks import REQUIRED as STACK_REQUIRED
from evomerge.space.reading.value_schema import NAME, Schema, one_of, value_or_hole

_NAMES = {"$ref": "#/$defs/name"}
_PARAMETERS = {"$ref": "#/$defs/parameters"}


def recipes() -> dict[str, Schema]:
    """Return the schema of each key with which a space file tells its recipes."""
    recipe = {"anyOf": [{"$ref": "#/$defs/recipe"}, {"$ref": "#/$defs/moe"}]}
    return {
        "models": {
            "type": "object",
            "additionalProperties": NAME,
            "description": "Short name → folder, hub id, hub id@revision, model+adapter, zoo://…",
        },
        "base_model": {**NAME, "description": "Base for recipes: auto and methods."},
        "plugins": {
            "type": "array",
            "items": NAME,
            "description": "Tables of merge methods of one's own: evomerge methods --plugin.",
        },
        "methods": {
            "type": "array",
            "items": {"enum": sorted(MERGEKIT)},
            "description": "Instead of recipes.",
        },
        "recipes": {"anyOf": [{"const": "auto"}, {"type": "array", "items": recipe}]},
    }


def definitions() -> dict[str, Schema]:
    """Return what `recipes` refers to, by name."""
    return {
        **value_schema.definitions(),
        "name": value_or_hole(NAME),
        "parameters": value_schema.parameters(),
        "inputs": _inputs(),
        "slices": _slices(),
        "recipe": _recipe(),
        "moe": _moe(),
    }


def _mapping(properties: dict[str, Schema], *required: str) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


def _whole(low: int | None = None) -> Schema:
    """Return the schema of a whole number from `low`, or of a hole of such."""
    return value_or_hole({"type": "integer"} | ({} if low is None else {"minimum": low}))


def _input(**more: Schema) -> Schema:
    return _mapping({"model": _NAMES, "parameters": _PARAMETERS, **more}, "model")


def _inputs() -> Schema:
    pair: dict[str, Schema] = {
        "pair": {"type": "array", "items": NAME, "minItems": 2},
        "ordered": {"type": "boolean"},
        "parameters": _PARAMETERS,
    }
    return {"anyOf": [_list(_input()), _mapping(pair, "pair")]}


def _slices() -> Schema:
    ends = {"type": "array", "items": _whole(0), "minItems": 2, "maxItems": 2}
    source = {**_input(layer_range=ends), "required": ["model", "layer_range"]}
    inner: dict[str, Schema] = {
        "sources": _list(source),
        "base_model": _NAMES,
        "parameters": _PARAMETERS,
    }
    return _list(_mapping(inner, "sources"))


def _stack() -> Schema:
    positive = {"type": "integer", "minimum": 1}
    known: dict[str, Schema] = {
        "models": _list(NAME),
        "layers": positive,
        "blocks": _whole(1),
        "overlap": _whole(),
        "first": _whole(0),
        "depth": {"type": ["array", "null"], "items": positive, "minItems": 2, "maxItems": 2},
        "parameters": _PARAMETERS,
    }
    return _mapping({key: known.get(key, _whole(1)) for key in STACK_KEYS}, *STACK_REQUIRED)


def _recipe() -> Schema:
    inner = {
        "models": {"$ref": "#/$defs/inputs"},
        "slices": {"$ref": "#/$defs/slices"},
        "parameters": _PARAMETERS,
    }
    modules = {"type": "object", "minProperties": 1, "additionalProperties": _mapping(inner)}
    tokenizer = _mapping({key: {} for key in TOKENIZER_KEYS} | {"source": _NAMES})
    known: dict[str, Schema] = {
        "name": NAME,
        "stack": _stack(),
        "merge_method": one_of(MERGEKIT),
        **inner,
        "modules": modules,
        "dtype": one_of(DTYPES),
        "out_dtype": one_of(DTYPES),
        "tokenizer": tokenizer,
        "chat_template": NAME,
    }
    properties = {key: known.get(key, _NAMES) for key in ("name", "stack", *KEYS)}
    one = [{"required": [key]} for key in INPUTS]
    return {**_mapping(properties, "merge_method"), "oneOf": one}


def _moe() -> Schema:
    texts, number = _list(NAME), value_or_hole({"type": "number"})
    of_expert: dict[str, Schema] = {"source_model": _NAMES} | dict.fromkeys(PROMPTS, texts)
    expert = _mapping({key: of_expert.get(key, number) for key in EXPERT_KEYS}, "source_model")
    known: dict[str, Schema] = {
        "name": NAME,
        "experts": _list(expert),
        "shared_experts": _list(expert),
        "gate_mode": one_of(GATE_MODES),
        "experts_per_token": _whole(),
        "dtype": one_of(DTYPES),
        "architecture": NAME,
    }
    properties = {key: known.get(key, _NAMES) for key in ("name", *MIXTURE_KEYS)}
    return _mapping(properties, "base_model", "experts")
