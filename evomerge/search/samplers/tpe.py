"""Tree-structured Parzen estimators, one for each set of parameters that occur together."""

from collections.abc import Sequence

from optuna.samplers import TPESampler

from evomerge.search.records.record import TrialRecord
from evomerge.search.samplers import Seeds
from evomerge.space.space import Space

_STARTUP = 10
"""Optuna's own number of trials before the first model."""


def make(space: Space, seeds: Seeds, fixed: Sequence[TrialRecord]) -> TPESampler:
    """Make the sampler of one proposal."""
    return TPESampler(
        seed=seeds.model,
        n_startup_trials=startup_trials(len(space.templates)),
        multivariate=True,
        group=True,
        constant_liar=True,
    )


def startup_trials(recipes: int) -> int:
    """Return how many trials are drawn at random before it models what it saw.

    With Optuna's 10 alone it commits to one of many recipes before it has seen the others; 24
    for the 7 of `recipes: auto` did better (experiments/2026-11-23-auto).

    Args:
        recipes: Alternatives of the space, ≥ 1.
    """
    return max(_STARTUP, 4 * (recipes - 1))
