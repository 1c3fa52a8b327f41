"""From the slopes of a recipe's numbers to those of a space's parameters."""

from collections import defaultdict
from collections.abc import Mapping
from math import fsum, isfinite

from evomerge.recipe.leaves import Leaf
from evomerge.search.records.record import ParameterGradient
from evomerge.workers.protocol import Gradient

_DIGITS = 7
"""Significant digits that are kept: more than float32 gives, and a third of a float's text."""


def by_parameter(gradient: Gradient, sources: Mapping[Leaf, str]) -> ParameterGradient | None:
    """Return a gradient with respect to parameters: each one's slopes summed over its leaves.

    Args:
        gradient: With respect to the leaves of a recipe.
        sources: Leaf → name of the parameter whose value stands there.

    Returns:
        Slopes of 7 significant digits; or None where a number is not finite, or no slope is that
        of a parameter.
    """
    parts: dict[str, list[float]] = defaultdict(list)
    for leaf, name in sources.items():
        if leaf in gradient.slopes:
            parts[name].append(gradient.slopes[leaf])
    numbers = [gradient.loss, *(slope for slopes in parts.values() for slope in slopes)]
    if not parts or not all(map(isfinite, numbers)):
        return None
    slopes = {name: _rounded(fsum(parts[name])) for name in sorted(parts)}
    return ParameterGradient(_rounded(gradient.loss), slopes)


def _rounded(number: float) -> float:
    return float(f"{number:.{_DIGITS}g}")
