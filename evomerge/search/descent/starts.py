"""Where chains start: at the best fixed blends, then at equal weights, then at sampled points."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from evomerge.methods.traits import traits
from evomerge.search.descent.adam import within
from evomerge.search.records.record import ScoredTrial, TrialRecord
from evomerge.space.domains import FloatDomain
from evomerge.space.learned import Alternative

_WEIGHT = "weight"
_DEFAULTS = {"t": 0.5, "lambda": 1.0, "scale": 1.0}
"""Of what is no weight: halfway between two models, and as mergekit has it where it is not set.

On a logarithmic scale it is the middle of the domain."""

Start = dict[str, float]
"""Name of a learned parameter → value."""


def start_at(
    alternative: Alternative,
    index: int,
    fixed: Sequence[TrialRecord],
    seed: int,
    first: float | None = None,
) -> Start:
    """Return the start of an alternative's chain.

    Args:
        alternative: The recipe and its method.
        index: How many chains of it have started before.
        fixed: Generation 0's records; their blends are what it starts from.
        seed: Of the point that is sampled where no other start is left.
        first: Weights of the very first start; those of the best blend by default.
    """
    known: list[Start] = []
    for weight in [*([] if first is None else [first]), *_weights(alternative, fixed)]:
        start = _with_weights(alternative, weight)
        if start not in known:
            known.append(start)
    if index < len(known):
        return known[index]
    return _sampled(alternative, seed, one_weight=index == len(known))


def _weights(alternative: Alternative, fixed: Sequence[TrialRecord]) -> Iterator[float]:
    """Yield the weights of the blends that this method can express, best first, then equal ones."""
    blends = [r for r in fixed if isinstance(r, ScoredTrial) and r.kind == "blend"]
    for record in sorted(blends, key=lambda blend: -blend.value[0]):
        weight = _weight_of(record, alternative.method)
        if weight is not None:
            yield weight
    yield 1 / alternative.weighted


def _weight_of(record: ScoredTrial, method: str) -> float | None:
    """Return the weight that gives a blend, or what is nearest to it, under another method.

    A blend is θ + λ Στᵢ, and the plain mean of n models is the one whose λ is 1/n.
    """
    document = record.recipe.document
    if traits(method).kernel == "task_vectors" and record.recipe.method == "task_arithmetic":
        return float(document["parameters"]["lambda"])
    if record.recipe.method == "linear":
        return 1 / len(document["models"])
    return None


def _with_weights(alternative: Alternative, weight: float) -> Start:
    return {
        name: within(weight if one.role == _WEIGHT else _default(one.role, one.domain), one.domain)
        for name, one in alternative.learned.items()
    }


def _default(role: str, domain: FloatDomain) -> float:
    if domain.log:
        return math.sqrt(domain.low * domain.high)
    return _DEFAULTS.get(role, (domain.low + domain.high) / 2)


def _sampled(alternative: Alternative, seed: int, *, one_weight: bool) -> Start:
    """Return a point drawn from the domains: of one number for all weights, or of one for each."""
    rng = np.random.default_rng(seed)
    shared = float(rng.random())
    shares = {name: float(rng.random()) for name in sorted(alternative.learned)}
    return {
        name: _at(shared if one_weight and one.role == _WEIGHT else shares[name], one.domain)
        for name, one in alternative.learned.items()
    }


def _at(share: float, domain: FloatDomain) -> float:
    low, high = domain.low, domain.high
    if domain.log:
        return within(math.exp(math.log(low) + share * math.log(high / low)), domain)
    return within(low + share * (high - low), domain)
