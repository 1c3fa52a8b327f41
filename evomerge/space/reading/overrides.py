"""Lay `--set key.path=value` over a space file, so that it is read as if it stood there."""

from collections.abc import Sequence
from typing import Any

from evomerge.errors import InputError
from evomerge.space.places import Marked
from evomerge.space.reading.yaml import read_marked


def lay_over(marked: Marked, overrides: Sequence[str]) -> None:
    """Lay settings over a document; whether they are right is for its reader to say.

    Args:
        marked: The document, changed in place; mistakes in what is laid over show as `--set …`.
        overrides: `key.path=value` each, the value in YAML, such as `budget.trials=20`; list
            items by their index, from 0.

    Raises:
        InputError: No such form, or a path through what is neither mapping nor list.
    """
    for override in overrides:
        where = f"--set {override}"
        keys, separator, text = override.partition("=")
        if not separator or not keys:
            raise InputError("not of the form key.path=value", where=where)
        steps = keys.split(".")
        path: list[Any] = []
        node = marked.value
        for position, step in enumerate(steps):
            path.append(_key(node, steps, position, where))
            if position < len(steps) - 1:
                if isinstance(node, dict) and node.get(step) is None:
                    node[step] = {}
                    marked.overridden[tuple(path)] = where
                node = node[path[-1]]
        node[path[-1]] = read_marked(text, where).value
        marked.overridden[tuple(path)] = where


def _key(node: Any, steps: Sequence[str], position: int, where: str) -> str | int:
    """Return the key or index by which a step goes down from a node."""
    step = steps[position]
    if isinstance(node, dict):
        return step
    if not isinstance(node, list):
        raise InputError(f"{'.'.join(steps[:position]) or 'the file'} is no mapping", where=where)
    if not step.isdecimal() or int(step) >= len(node):
        raise InputError(f"no item {step!r} in a list of {len(node)}", where=where)
    return int(step)
