"""Read `stack:`, the generator of frankenmerges."""

from collections.abc import Callable, Mapping
from typing import Any

from evomerge.methods.table import MERGEKIT, Method
from evomerge.methods.types import is_int
from evomerge.space.hole import Hole
from evomerge.space.places import Path
from evomerge.space.problems import Problems, show
from evomerge.space.reading.recipes.holes import read_value
from evomerge.space.reading.recipes.layers import STACKED
from evomerge.space.reading.recipes.parameters import read_parameters
from evomerge.space.stack import Number, Stack

KEYS = (
    "models",
    "layers",
    "blocks",
    "length",
    "overlap",
    "first",
    "repeat",
    "depth",
    "parameters",
)

"""What `stack:` may say."""

REQUIRED = ("models", "layers", "blocks", "length")
"""What it must say."""


def read_stack(
    node: Any,
    path: Path,
    model: Callable[[Any, Path], Any],
    allowed: Mapping[str, Method],
    problems: Problems,
) -> Stack | None:
    """Read a `stack:`, noting its mistakes; None if it is wrong.

    Args:
        node: The mapping in the file.
        path: Where it stands.
        model: Reads a model's name.
        allowed: The merge methods that the recipe can take, by name.
        problems: Takes the mistakes.
    """
    if not problems.known_keys(node, path, KEYS):
        return None
    if not all(method.copies_one for method in allowed.values()):
        known = " or ".join(name for name, method in MERGEKIT.items() if method.copies_one)
        problems.add(path, f"a stack is merged by {known}, not by {', '.join(allowed)}")
        return None
    missing = [key for key in REQUIRED if key not in node]
    if missing:
        problems.add(path, f"a stack needs {', '.join(missing)}")
        return None
    names, layers = node["models"], node["layers"]
    if not isinstance(names, list) or not names:
        problems.add((*path, "models"), f"models must be a list of models, got {show(names)}")
        return None
    read = [model(name, (*path, "models", i)) for i, name in enumerate(names)]
    if not (is_int(layers) and layers >= 1):
        problems.add((*path, "layers"), f"layers must be the models' depth, got {show(layers)}")
        return None
    blocks = _read_number(node["blocks"], (*path, "blocks"), 1, layers, problems)
    if isinstance(blocks, Hole) and blocks.name:
        problems.add((*path, "blocks", "name"), "blocks cannot share its value", key=True)
    length = _read_number(node["length"], (*path, "length"), 1, layers, problems)
    overlap = _read_number(node.get("overlap", 0), (*path, "overlap"), -layers, layers, problems)
    first: Number | None = None
    if "first" in node:
        first = _read_number(node["first"], (*path, "first"), 0, layers - 1, problems)
        if "overlap" in node:
            problems.add((*path, "overlap"), "a stack has overlap or first, not both", key=True)
    repeat = _read_number(node.get("repeat", 1), (*path, "repeat"), 1, layers, problems)
    depth = _read_depth(node.get("depth"), (*path, "depth"), problems)
    parameters: dict[str, Any] = {}
    if "parameters" in node:
        parameters = read_parameters(
            node["parameters"],
            (*path, "parameters"),
            allowed,
            problems,
            per_model=True,
            uncounted=STACKED,
        )
    if None in read or blocks is None or length is None or overlap is None:
        return None
    if repeat is None or depth is None or ("first" in node and first is None):
        return None
    return Stack(tuple(names), layers, blocks, length, overlap, first, repeat, depth, parameters)


def _read_number(node: Any, path: Path, low: int, high: int, problems: Problems) -> Number | None:
    number: Number | None = read_value(
        node,
        path,
        problems,
        lambda value: is_int(value) and low <= value <= high,
        f"{path[-1]} must be a whole number from {low} to {high}",
    )
    return number


def _read_depth(node: Any, path: Path, problems: Problems) -> tuple[int, int] | None:
    if node is None:
        return (1, 10**6)
    if (
        isinstance(node, list)
        and len(node) == 2
        and all(is_int(end) for end in node)
        and 1 <= node[0] <= node[1]
    ):
        return (node[0], node[1])
    problems.add(path, f"depth must be [least, most] layers of the result, got {show(node)}")
    return None
