"""How a method merges a set of models, with a base or without, and why one cannot."""

from dataclasses import dataclass

from evomerge.methods.contract import Inputs, breaches
from evomerge.methods.table import Method


@dataclass(frozen=True)
class Arrangement:
    """Which of some models a method merges at once.

    Args:
        pair: Two of them; else all.
        ordered: Whether the two in another order make another merge.
        with_base: Whether it refers to the base model.
    """

    pair: bool
    ordered: bool
    with_base: bool


def arrange(method: Method, *, has_base: bool) -> Arrangement:
    """Return how a method merges models of which one may be their base."""
    own = method.base_is_one_of_two
    with_base = has_base and not own and (method.base == "required" or method.merges_two)
    return Arrangement(method.merges_two, own and not method.traits.mirrored, with_base)


def why_not(method: Method, experts: int, *, has_base: bool) -> str | None:
    """Return why a method cannot merge this many models with or without a base, or None.

    Args:
        method: The method.
        experts: Models, the base not counted, ≥ 0.
        has_base: Whether there is a base model.
    """
    if method.copies_one:
        return "it copies one model"
    own = method.base_is_one_of_two
    if (own or method.base != "required") and experts < 2:
        return f"it merges two models or more, there is {experts}"
    how = arrange(method, has_base=has_base)
    listed = min(experts, 2) if how.pair else experts
    found = breaches(method, Inputs(listed, own or how.with_base, base_is_listed=own))
    if any(breach.term == "base" for breach in found):
        return "it needs a base model"
    for breach in found:
        if breach.got > breach.low:
            return f"it takes {breach.wanted} {breach.term}, there are {breach.got}"
    fewest = [breach.low - (breach.term == "models" and how.with_base) for breach in found]
    if found or not experts:
        return f"it needs {max([1, *fewest])} models beside the base"
    return None
