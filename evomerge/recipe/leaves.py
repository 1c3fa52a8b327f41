"""The numbers among a recipe's parameters, each by its path: what a gradient is taken of."""

from collections.abc import Iterator, Mapping
from typing import Any

from evomerge.methods.types import is_number

Leaf = tuple[str | int, ...]
"""Where a number stands in a recipe's document: the keys and indices that lead to it, such as
`("models", 1, "parameters", "weight", 0, "value", 3)`."""

_PARAMETERS = "parameters"


def leaves(document: Any) -> dict[Leaf, float]:
    """Return every number that a recipe's parameters hold, of all its inputs and slices.

    Args:
        document: A recipe's document, without holes.
    """
    return dict(_numbers(document, ()))


def setting(leaf: Leaf) -> str:
    """Return the parameter that a leaf belongs to, such as `weight`."""
    return str(leaf[leaf.index(_PARAMETERS) + 1])


def _numbers(value: Any, path: Leaf) -> Iterator[tuple[Leaf, float]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _numbers(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _numbers(item, (*path, index))
    elif _PARAMETERS in path and is_number(value):
        yield path, value
