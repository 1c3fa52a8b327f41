"""Whether a recipe's file fixes the layers that settings are for, so that each can be counted."""

from collections.abc import Mapping
from typing import Any

from evomerge.methods.types import is_int

STACKED = "the blocks of a stack differ in their layers"
SHARED_NAMES = "the names of tensors do not tell which of several modules they belong to"
_OPEN = "a hole in layer_range leaves the number of layers open"
_SEVERAL = "a gradient runs over each slice anew; give it to the slices' own parameters"


def uncounted(node: Mapping[str, Any]) -> str:
    """Return why the layers cannot be counted that a recipe's or module's settings are for.

    Args:
        node: The recipe or module in the file, perhaps with mistakes in it.

    Returns:
        The reason in plain words; empty where they can be counted.
    """
    if "stack" in node:
        return STACKED
    modules, slices = node.get("modules"), node.get("slices")
    if isinstance(modules, Mapping):
        inner = [module for module in modules.values() if isinstance(module, Mapping)]
        return _SEVERAL if any("slices" in module for module in inner) else ""
    if not isinstance(slices, list):
        return ""
    return uncounted_in(slices[0]) if len(slices) == 1 else _SEVERAL


def uncounted_in(item: Any) -> str:
    """Return why the layers of one slice cannot be counted; empty where they can."""
    sources = item.get("sources") if isinstance(item, Mapping) else None
    if not isinstance(sources, list):
        return ""
    ranges = [s.get("layer_range") for s in sources if isinstance(s, Mapping)]
    fixed = all(isinstance(ends, list) and all(map(is_int, ends)) for ends in ranges)
    return "" if fixed else _OPEN
