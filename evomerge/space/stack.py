"""The `stack:` generator of frankenmerges: blocks of layers of several parents, one on another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from evomerge.errors import Failure, TrialError
from evomerge.methods.table import Method
from evomerge.methods.types import is_int
from evomerge.space.domains import Hole, Parameter, is_hole, read_hole
from evomerge.space.reading.parameters import read_parameters
from evomerge.space.reading.problems import Problems, show
from evomerge.space.reading.yaml import Path

Number = int | Hole
Draw = Callable[[Parameter], Any]
_KEYS = (
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


@dataclass(frozen=True)
class Stack:
    """What stands for `slices:` where blocks of layers are to be stacked.

    The first block starts at layer 0, each further one `overlap` layers before the end of the
    one below it (a negative overlap leaves layers out), and the last one reaches the top. All
    blocks but the last are `length` layers long, or end at the top. With `first` every block
    starts anywhere, in any order, and all are `length` layers long: the search over order and
    repetition of layers of Akiba et al. 2024, arXiv:2403.13187, section 3.2.

    Args:
        models: The parents, by short name; each block is of one of them.
        layers: Depth of the parents, in layers.
        blocks: How many blocks, ≥ 1.
        length: Layers of a block, ≥ 1, drawn for each.
        overlap: Layers that a block repeats, drawn for each but the first.
        first: Layer at which a block starts, drawn for each, in place of `overlap`; or None.
        repeat: How many times each block stands, ≥ 1, drawn for each.
        depth: Least and most layers of the result.
        parameters: Settings of each block's source, such as `scale`; holes allowed.
    """

    models: tuple[str, ...]
    layers: int
    blocks: Number
    length: Number
    overlap: Number
    first: Number | None
    repeat: Number
    depth: tuple[int, int]
    parameters: Mapping[str, Any]

    def ranges(self, label: str, draw: Draw) -> list[tuple[int, str, int, int]]:
        """Return (block, model, first layer, last layer excluded) of every slice, bottom first.

        Args:
            label: The recipe's label, with which the parameters' names start.
            draw: Gives the value of one parameter.
        """
        count = self._number(self.blocks, f"{label}.blocks", draw)
        found: list[tuple[int, str, int, int]] = []
        top = 0
        for index in range(count):
            choice = Parameter(f"{label}.model[{index}]", "choice", choices=self.models)
            model = draw(choice) if len(self.models) > 1 else self.models[0]
            first = self._first(index, top, label, draw)
            top = self.layers
            if index < count - 1 or self.first is not None:
                length = self._number(self.length, f"{label}.length[{index}]", draw)
                top = min(first + length, self.layers)
            times = self._number(self.repeat, f"{label}.repeat[{index}]", draw)
            found += [(index, model, first, top)] * times
        return found

    def _first(self, index: int, top: int, label: str, draw: Draw) -> int:
        """Return where a block starts, given where the one below it ends."""
        if self.first is not None:
            return self._number(self.first, f"{label}.first[{index}]", draw)
        if index == 0:
            return 0
        first = top - self._number(self.overlap, f"{label}.overlap[{index}]", draw)
        return min(max(0, first), self.layers - 1)

    def check(self, slices: list[Mapping[str, Any]]) -> None:
        """Refuse a filled-in stack that is too shallow or too deep.

        Raises:
            TrialError: `INVALID_RECIPE`.
        """
        ranges = [source["layer_range"] for item in slices for source in item["sources"]]
        depth = sum(end - first for first, end in ranges)
        if not self.depth[0] <= depth <= self.depth[1]:
            low, high = self.depth
            reason = f"the stack has {depth} layers, wanted {low} to {high}"
            raise TrialError(Failure.INVALID_RECIPE, reason)

    def _number(self, value: Number, name: str, draw: Draw) -> int:
        return int(value.fill(name, draw) if isinstance(value, Hole) else value)


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
    if not problems.known_keys(node, path, _KEYS):
        return None
    if list(allowed) != ["passthrough"]:
        problems.add(path, f"a stack is merged by passthrough, not by {', '.join(allowed)}")
        return None
    missing = [key for key in ("models", "layers", "blocks", "length") if key not in node]
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
            node["parameters"], (*path, "parameters"), allowed, problems, per_model=True
        )
    if None in read or blocks is None or length is None or overlap is None:
        return None
    if repeat is None or depth is None or ("first" in node and first is None):
        return None
    return Stack(tuple(names), layers, blocks, length, overlap, first, repeat, depth, parameters)


def _read_number(node: Any, path: Path, low: int, high: int, problems: Problems) -> Number | None:
    if is_hole(node):
        hole = read_hole(node, path, problems, in_parameters=False)
        if hole is None:
            return None
        ends = hole.choices if hole.kind == "choice" else (hole.low, hole.high)
        if hole.kind != "float" and all(is_int(end) and low <= end <= high for end in ends):
            return hole
    elif is_int(node) and low <= node <= high:
        return int(node)
    problems.add(path, f"{path[-1]} must be a whole number from {low} to {high}, got {show(node)}")
    return None


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
