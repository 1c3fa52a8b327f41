"""A choice of two models, for the merge methods that take exactly two."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

from evomerge.space.domains import ChoiceDomain, Parameter
from evomerge.space.hole import Draw, Hole


@dataclass(frozen=True)
class Pair:
    """What stands for `models:` where two of several models are to be merged.

    Args:
        names: The models, by short name, at least two.
        ordered: Whether (a, b) and (b, a) differ.
        parameters: Settings of each of the two, holes allowed.
    """

    names: tuple[str, ...]
    ordered: bool
    parameters: Mapping[str, Any]

    @property
    def source(self) -> dict[str, Any]:
        """What each of the two may be."""
        return {"model": Hole(ChoiceDomain(self.names)), "parameters": self.parameters}

    def write(
        self, label: str, draw: Draw, fill: Callable[[Mapping[str, Any], str], Any]
    ) -> list[dict[str, Any]]:
        """Return the two inputs.

        Args:
            label: The recipe's label, with which the parameter's name starts.
            draw: Gives the value of one parameter.
            fill: Fills the holes of an input; also takes its readable tag.
        """
        first, second = self.models(draw(self.parameter(label)))
        return [
            fill({"model": model, "parameters": self.parameters}, tag)
            for model, tag in ((first, "first"), (second, "second"))
        ]

    def parameter(self, label: str) -> Parameter:
        """Return the choice among the pairs, named after the recipe's label."""
        return Parameter(f"{label}.pair", ChoiceDomain(tuple(self._pairs())))

    def models(self, choice: str) -> tuple[str, str]:
        """Return the two models of a choice."""
        return self._pairs()[choice]

    def _pairs(self) -> dict[str, tuple[str, str]]:
        drawn = permutations if self.ordered else combinations
        return {f"{a} + {b}": (a, b) for a, b in drawn(self.names, 2)}
