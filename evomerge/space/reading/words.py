"""What each setting may be and is for, in words derived from its declaration."""

from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter

from evomerge.settings import Allowed

Schema = dict[str, Any]


@dataclass(frozen=True)
class Described:
    """A setting as documentation shows it.

    Args:
        key: Its name, after those of the sections around it: `search.seed`, or
            `evaluate.tasks.N.weight` in a list.
        words: What it may be.
        help: What it is for, Markdown, one line.
        default: As the file would write it, `none`, or empty where it must be given.
        schema: Its JSON Schema.
    """

    key: str
    words: str
    help: str
    default: str
    schema: Schema


def declared(kind: Any) -> dict[str, Any]:
    """Return the settings of a section: name → annotation, in their order."""
    return get_type_hints(kind, include_extras=True)


def plain(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a type without what `Annotated` adds to it, and what that is."""
    if get_origin(annotation) is Annotated:
        kind, *added = get_args(annotation)
        return kind, tuple(added)
    return annotation, ()


def section_of(annotation: Any) -> Any:
    """Return the class of settings that stand under a key, one or a list of them, or None."""
    kind, _ = plain(annotation)
    inner = get_args(kind)[0] if is_list(annotation) else kind
    return inner if is_dataclass(inner) else None


def is_list(annotation: Any) -> bool:
    """Whether a setting is a list."""
    return get_origin(plain(annotation)[0]) is tuple


def allowed(annotation: Any) -> Allowed:
    """Return what a setting may be in words: those of its declaration, or those of its type."""
    kind, added = plain(annotation)
    optional = [plain(one)[1] for one in get_args(kind) if one is not type(None)]
    for one in (*added, *(item for more in optional for item in more)):
        if isinstance(one, Allowed):
            return one
    return Allowed(_in_words(TypeAdapter(annotation).json_schema()))


def describe(kind: Any, section: str = "") -> Iterator[Described]:
    """Yield a section's settings, sections inside it written out.

    Args:
        kind: Class of settings.
        section: Its key with a dot, such as `search.`.
    """
    schema = TypeAdapter(kind).json_schema()
    for key, annotation in declared(kind).items():
        found = schema["properties"][key]
        inner = section_of(annotation)
        if inner is None or is_list(annotation):
            yield Described(
                key=f"{section}{key}",
                words=allowed(annotation).words,
                help=" ".join(found["description"].split()),
                default=_default(found),
                schema=found,
            )
        if inner is not None:
            yield from describe(inner, f"{section}{key}.{'N.' if is_list(annotation) else ''}")


def _default(schema: Schema) -> str:
    if "default" not in schema:
        return ""
    value = schema["default"]
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _in_words(schema: Schema) -> str:
    """Return what a JSON Schema allows, null aside."""
    if "anyOf" in schema:
        others = [one for one in schema["anyOf"] if one.get("type") != "null"]
        return ", or ".join(map(_in_words, others))
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if schema["type"] == "boolean":
        return "true or false"
    if schema["type"] == "integer":
        return f"a whole number of at least {schema['minimum']}"
    return f"a number above {schema['exclusiveMinimum']:g}"
