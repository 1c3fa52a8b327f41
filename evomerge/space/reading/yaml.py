"""Read YAML into plain values and remember where each of them stands in the file."""

import re
from pathlib import Path as File
from typing import Any

import yaml

from evomerge.errors import InputError
from evomerge.space.places import Marked, Path


class _Loader(yaml.SafeLoader):
    """YAML 1.1's SafeLoader, minus `no` as a boolean, plus `1e-3` as a number."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith((":bool", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


class _Dumper(yaml.SafeDumper):
    """Quotes what `_Loader` would read as something else; holes and short lists on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _mapping(dumper: _Dumper, data: dict[str, Any]) -> yaml.Node:
    node = dumper.represent_mapping("tag:yaml.org,2002:map", data)
    node.flow_style = bool({"float", "int", "choice", "filter"} & data.keys())
    return node


def _sequence(dumper: _Dumper, data: list[Any]) -> yaml.Node:
    node = dumper.represent_sequence("tag:yaml.org,2002:seq", data)
    node.flow_style = not any(isinstance(item, dict | list) for item in data)
    return node


_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(list, _sequence)
_Dumper.yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


def write_yaml(value: Any) -> str:
    """Return YAML that `read_marked` reads back as the same value."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def read_text(path: File) -> str:
    """Return a file's text.

    Raises:
        InputError: There is no such file, or it is no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        near = sorted(str(p) for p in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        help = f"there are: {', '.join(near[:8])}" if near else ""
        raise InputError("no such file", where=str(path), help=help) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise InputError("cannot be read: it is no UTF-8 text", where=str(path)) from None


def read_marked(text: str, file: File | str) -> Marked:
    """Read one YAML document.

    Args:
        text: The YAML.
        file: The name to show in messages.

    Raises:
        InputError: Broken YAML, or a key that stands twice in one mapping.
    """
    marked = Marked(str(file), None)
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is not None:
            marked.value = _value(node, (), loader, marked)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise InputError(
            f"broken YAML: {error.problem or error.context}", where=f"{file}{at}"
        ) from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise InputError(f"broken YAML: {error}", where=str(file)) from None
    except RecursionError:
        raise InputError("broken YAML: an alias contains itself", where=str(file)) from None
    return marked


def _value(node: yaml.Node, path: Path, loader: _Loader, marked: Marked) -> Any:
    marked.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(item, (*path, index), loader, marked) for index, item in enumerate(node.value)
        ]
    if not isinstance(node, yaml.MappingNode):
        return loader.construct_object(node)
    own = {id(key_node) for key_node, _ in node.value}
    loader.flatten_mapping(node)  # `<<: *alias` first, so that own keys override it
    mapping: dict[Any, Any] = {}
    seen: set[Any] = set()
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        inner = (*path, key)
        place = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if key in seen:
            first = marked.key_places[inner][0]
            raise InputError(
                f"key {key!r} stands twice in one mapping, first on line {first}",
                where=f"{marked.file}:{place[0]}:{place[1]}",
                help="remove one of them",
            )
        if id(key_node) in own:
            seen.add(key)
        marked.key_places[inner] = place
        mapping[key] = _value(value_node, inner, loader, marked)
    return mapping
