"""The `stack:` generator of frankenmerges: blocks of layers of several parents, one on another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from evomerge.errors import Failure, TrialError
from evomerge.space.domains import ChoiceDomain, Parameter
from evomerge.space.hole import Draw, Hole

Number = int | Hole


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

    @property
    def source(self) -> dict[str, Any]:
        """What each block's source may be, its layers left out."""
        return {"model": Hole(ChoiceDomain(self.models)), "parameters": self.parameters}

    def write(
        self, label: str, draw: Draw, fill: Callable[[Mapping[str, Any], str], Any]
    ) -> list[dict[str, Any]]:
        """Return the slices, bottom first.

        Args:
            label: The recipe's label, with which the parameters' names start.
            draw: Gives the value of one parameter.
            fill: Fills the holes of a source; also takes its readable tag.
        """
        slices = []
        for index, model, first, end in self.ranges(label, draw):
            source = {"model": model, "layer_range": [first, end], "parameters": self.parameters}
            slices.append({"sources": [fill(source, f"block{index}")]})
        return slices

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
            choice = Parameter(f"{label}.model[{index}]", ChoiceDomain(self.models))
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
