"""A choice of two models, for the merge methods that take exactly two."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

from evomerge.methods.table import Method
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


def merges_two(method: Method) -> bool:
    """Whether a method takes exactly two models, a base that it only refers to not counted."""
    return 2 in (method.max_inputs, method.max_non_base)


def base_is_one_of_two(method: Method) -> bool:
    """Whether a two-model method's `base_model` is one of the two, as for slerp."""
    return method.max_inputs == 2 and method.base == "required"
