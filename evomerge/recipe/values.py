"""What a merge parameter may be set to: a value, a gradient over the layers, or one a filter."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def rebuild_value(value: Any, name: str, change: Callable[[Any, str], Any]) -> Any:
    """Return a parameter's value with every scalar in it changed, in its order.

    Args:
        value: A scalar, a list of scalars (a gradient), a list of `{filter, value}`.
        name: The readable name of the whole, such as `weight[rev]`.
        change: Called with each scalar and its own name, such as `weight[rev][mlp][0]`.
    """
    if isinstance(value, list):
        return [
            rebuild_value(item, f"{name}[{_part(item, index)}]", change)
            for index, item in enumerate(value)
        ]
    if isinstance(value, Mapping):
        return {**value, "value": rebuild_value(value["value"], name, change)}
    return change(value, name)


def filtered(value: Any) -> Iterator[tuple[str | None, Any]]:
    """Yield (filter, value) of every entry of a parameter's value; the rest's filter is None."""
    if isinstance(value, Mapping):
        yield value.get("filter"), value["value"]
        yield from filtered(value["value"])
    for item in value if isinstance(value, list) else ():
        yield from filtered(item)


def _part(item: Any, index: int) -> str:
    """Return what tells one item of a list from the others: filter or anchor."""
    return str(item.get("filter", "rest")) if isinstance(item, Mapping) else str(index)
