"""A choice of two models, for the merge methods that take exactly two."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

from evomerge.space.domains import Parameter


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

    def parameter(self, label: str) -> Parameter:
        """Return the choice among the pairs, named after the recipe's label."""
        return Parameter(f"{label}.pair", "choice", choices=tuple(self._pairs()))

    def models(self, choice: str) -> tuple[str, str]:
        """Return the two models of a choice."""
        return self._pairs()[choice]

    def _pairs(self) -> dict[str, tuple[str, str]]:
        drawn = permutations if self.ordered else combinations
        return {f"{a} + {b}": (a, b) for a, b in drawn(self.names, 2)}
