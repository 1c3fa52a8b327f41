"""Say in one plain sentence whether a search found anything."""

import math

from evomerge.evaluate.statistics import Gain


def verdict(
    parent: Gain | None,
    blend: Gain | None,
    parent_label: str,
    blend_label: str,
    *,
    itself_a_blend: bool = False,
) -> str:
    """Return one plain sentence on whether the search found anything.

    Args:
        parent: Gain over the best parent, or None where there was none to compare with.
        blend: Gain over the best fixed blend, likewise.
        parent_label: What to call that parent.
        blend_label: What to call that blend.
        itself_a_blend: Whether the winner is one of the fixed blends.
    """
    clauses = []
    if parent is not None:
        clauses.append(_clause(parent, f"the best parent ({parent_label})"))
    if blend is not None and not itself_a_blend:
        clauses.append(_clause(blend, f"the best fixed blend ({blend_label})"))
    if itself_a_blend:
        known = ["The winner is itself a fixed blend", *(f"it {c}" for c in clauses)]
        return "; ".join(known) + ": searching added nothing."
    if not clauses:
        return "There was nothing to compare the winner with."
    sentence = "The winner " + " and ".join(clauses)
    if blend is not None and not blend.above_zero and not math.isnan(blend.low):
        sentence += ": searching added nothing that these documents can show over a fixed blend"
    return sentence + "."


def _clause(gain: Gain, other: str) -> str:
    if math.isnan(gain.low):
        return f"scores {gain.gain:+.3f} against {other}, without an interval"
    figures = f"by {abs(gain.gain):.3f}"
    if gain.above_zero:
        return f"beats {other} {figures}"
    if gain.below_zero:
        return f"is worse than {other} {figures}"
    return f"cannot be told apart from {other}"
