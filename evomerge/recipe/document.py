"""The one walker of a recipe's document: it knows what each value is to mergekit.

A document is a mergekit configuration as plain values. One with holes, pairs and stacks in it is
walked alike: they are values at the places where mergekit wants a name, a number, a list.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple, Protocol, runtime_checkable

Document = dict[str, Any]


class Role(Enum):
    """What a visited value is to mergekit."""

    NODE = "a mapping, visited before its entries: the recipe, a slice, an input"
    METHOD = "the merge method's name"
    BASE = "a base model"
    INPUT = "a model that is merged"
    EXPERT = "a model that a mixture of experts has"
    TOKENIZER = "a model that lends its tokenizer, or a token"
    FIRST_LAYER = "the layer at which a source starts"
    END_LAYER = "the layer before which a source ends"
    PARAMETERS = "the settings of a merge, by name"
    GENERATOR = "what writes a list of inputs or slices once its values are drawn"
    OTHER = "anything else"


MODELS = (Role.BASE, Role.INPUT, Role.EXPERT, Role.TOKENIZER)
"""What names a model."""

MERGED = (Role.BASE, Role.INPUT, Role.EXPERT)
"""What names a model whose weights a merge reads."""


@runtime_checkable
class Generator(Protocol):
    """What stands for a list of `models:` or `slices:` in a recipe with holes."""

    @property
    def source(self) -> Mapping[str, Any]:
        """What each input that it writes may be, as `models:` would say it."""
        ...


class Visit(NamedTuple):
    """One value of a document.

    Args:
        role: What it is to mergekit.
        kind: The mapping that holds it; of a `NODE` the mapping itself: `recipe`, `module`,
            `slice`, `input`, `expert`, `tokenizer`, `token`.
        key: Its key there; empty for the recipe as a whole.
        tag: Which of several this is, readable: `rev`, `slice0.rev`; empty at the top.
        value: The value.
    """

    role: Role
    kind: str
    key: str
    tag: str
    value: Any

    @property
    def name(self) -> str:
        """A readable name, such as `model[slice0.1]`."""
        return self.named(self.key)

    def named(self, key: str) -> str:
        """Return a readable name for something with another key that stands here."""
        return f"{key}[{self.tag}]" if self.tag else key


LEFT_OUT = object()
"""What a change returns to leave an entry out."""

Change = Callable[[Visit], Any]
"""Gives the value that takes the place of a visited one."""

_NESTED = {
    "recipe": {
        "models": "input",
        "slices": "slice",
        "modules": "module",
        "experts": "expert",
        "shared_experts": "expert",
    },
    "module": {"models": "input", "slices": "slice"},
    "slice": {"sources": "input"},
    "tokenizer": {"tokens": "token"},
}
"""By mapping and key: what a list's or a mapping's items are."""

_INNER = {("recipe", "tokenizer"): "tokenizer", ("token", "source"): "token"}
"""By mapping and key: what a value is if it is a mapping."""

_ROLES = {
    "recipe": {
        "merge_method": Role.METHOD,
        "base_model": Role.BASE,
        "tokenizer_source": Role.TOKENIZER,
    },
    "module": {},
    "slice": {"base_model": Role.BASE},
    "input": {"model": Role.INPUT},
    "expert": {"source_model": Role.EXPERT},
    "tokenizer": {"source": Role.TOKENIZER},
    "token": {"source": Role.TOKENIZER, "model": Role.TOKENIZER},
}
_TOKENIZERS = ("union", "base")
"""What mergekit reads as no model where a tokenizer comes from."""


def rebuild(
    document: Mapping[str, Any], change: Change, *, kind: str = "recipe", tag: str = ""
) -> Document:
    """Return a document with every value changed, visited in the document's order.

    Args:
        document: A recipe, or the part of one that `kind` names.
        change: Called with each value; for a `NODE` it returns the mapping to go on with.
        kind: What the document is.
        tag: Which of several.
    """
    return _node(Visit(Role.NODE, kind, "", tag, document), change)


def walk(document: Mapping[str, Any]) -> tuple[Visit, ...]:
    """Return every value of a document, in its order; the inputs of a generator once."""
    found: list[Visit] = []

    def note(visit: Visit) -> Any:
        found.append(visit)
        if visit.role is Role.GENERATOR:
            rebuild(visit.value.source, note, kind="input", tag=visit.tag)
        return visit.value

    rebuild(document, note)
    return tuple(found)


def map_models(document: Mapping[str, Any], replace: Callable[[str], str]) -> Document:
    """Return a document without holes in which every model's name is replaced."""

    def change(visit: Visit) -> Any:
        named = visit.role in MODELS and isinstance(visit.value, str)
        return replace(visit.value) if named else visit.value

    return rebuild(document, change)


def _node(visit: Visit, change: Change) -> Document:
    made: Document = {}
    for key, value in change(visit).items():
        entry = _entry(visit.kind, key, visit.tag, value, change)
        if entry is not LEFT_OUT:
            made[key] = entry
    return made


def _entry(kind: str, key: str, tag: str, value: Any, change: Change) -> Any:
    if (inner := _NESTED.get(kind, {}).get(key)) is not None:
        return _nested(inner, kind, key, tag, value, change)
    if kind == "input" and key == "layer_range" and isinstance(value, list) and len(value) == 2:
        ends = zip((Role.FIRST_LAYER, Role.END_LAYER), value, strict=True)
        return [
            change(Visit(role, kind, key, _joined(tag, str(index)), end))
            for index, (role, end) in enumerate(ends)
        ]
    if key == "parameters" and isinstance(value, Mapping):
        return change(Visit(Role.PARAMETERS, kind, key, tag, value))
    if isinstance(value, Mapping) and (kind, key) in _INNER:
        return _node(Visit(Role.NODE, _INNER[kind, key], key, tag, value), change)
    role = _ROLES[kind].get(key, Role.OTHER)
    is_word = role is Role.TOKENIZER and value in _TOKENIZERS
    return change(Visit(Role.OTHER if is_word else role, kind, key, tag, value))


def _nested(inner: str, kind: str, key: str, tag: str, value: Any, change: Change) -> Any:
    """Rebuild a list of inputs, slices or experts, or a mapping of modules or tokens."""

    def item(node: Any, part: str) -> Any:
        if not isinstance(node, Mapping):
            return node
        return _node(Visit(Role.NODE, inner, key, _joined(tag, part), node), change)

    if isinstance(value, list):
        return [item(node, _part(key, index, node)) for index, node in enumerate(value)]
    if isinstance(value, Mapping):
        return {name: item(node, str(name)) for name, node in value.items()}
    role = Role.GENERATOR if isinstance(value, Generator) else Role.OTHER
    return change(Visit(role, kind, key, tag, value))


def _part(key: str, index: int, item: Any) -> str:
    """Return what tells an item of a list from the others: its model, or its number."""
    if key == "slices":
        return f"slice{index}"
    model = item.get("model") if isinstance(item, Mapping) else None
    return model if isinstance(model, str) else str(index)


def _joined(tag: str, part: str) -> str:
    return f"{tag}.{part}" if tag else part
