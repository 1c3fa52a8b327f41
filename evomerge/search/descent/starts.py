"""Where chains start: at the best fixed blends, then at equal weights, then at sampled points."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from evomerge.methods.traits import traits
from evomerge.search.descent.adam import within
from evomerge.search.records.record import ScoredTrial, TrialRecord
from evomerge.space.domains import FloatDomain
from evomerge.space.learned import Alternative

_WEIGHT, _LAMBDA = "weight", "lambda"
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
    given = [] if first is None else [{_WEIGHT: first}]
    known: list[Start] = []
    for values in [*given, *_blends(alternative, fixed)]:
        start = _with(alternative, values)
        if start not in known:
            known.append(start)
    if index < len(known):
        return known[index]
    one_weight = index == len(known) and not alternative.normalized
    return _sampled(alternative, seed, one_weight=one_weight)


def _blends(
    alternative: Alternative, fixed: Sequence[TrialRecord]
) -> Iterator[Mapping[str, float]]:
    """Yield values by role: of the blends that this method can express, best first, then equal."""
    blends = [r for r in fixed if isinstance(r, ScoredTrial) and r.kind == "blend"]
    for record in sorted(blends, key=lambda blend: -blend.value[0]):
        scale = _scale_of(record)
        if _has_vectors(alternative) or record.recipe.method == "linear":
            yield _expressed(alternative, scale)
    yield _expressed(alternative, 1 / alternative.weighted)


def _scale_of(blend: ScoredTrial) -> float:
    """Return λ of a blend θ + λ Στᵢ: the plain mean of n models is the one whose λ is 1/n."""
    document = blend.recipe.document
    if blend.recipe.method == "linear":
        return 1 / len(document["models"])
    return float(document["parameters"]["lambda"])


def _expressed(alternative: Alternative, scale: float) -> Mapping[str, float]:
    """Return the values by role with which a method gives a blend, or what is nearest to it.

    θ + λ Σ wᵢ τᵢ is that blend where λ wᵢ is its scale. Divided by the sum of n equal weights it is
    where λ is n times the scale, whatever they are; but where signs are elected, no λ gives it.

    Args:
        alternative: The recipe and its method.
        scale: λ of the blend.
    """
    if not _has_vectors(alternative):
        return {_WEIGHT: scale}
    if alternative.normalized:
        equal = {_WEIGHT: 1 / alternative.weighted}
        if traits(alternative.method).in_weights != "linear":
            return equal
        return {**equal, _LAMBDA: scale * alternative.weighted}
    free = [one.domain for one in alternative.learned.values() if one.role == _LAMBDA]
    around = within(_default(_LAMBDA, free[0]), free[0]) if free else alternative.scale
    return {_WEIGHT: scale / (around or 1.0)}


def _has_vectors(alternative: Alternative) -> bool:
    return traits(alternative.method).kernel == "task_vectors"


def _with(alternative: Alternative, values: Mapping[str, float]) -> Start:
    """Return a start that has these values by role, in their domains; others are their defaults."""
    return {
        name: within(values.get(one.role, _default(one.role, one.domain)), one.domain)
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
