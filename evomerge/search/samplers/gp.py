"""A Gaussian process over the parameters that every recipe of a space has."""

from collections.abc import Sequence

from optuna.samplers import GPSampler, RandomSampler

from evomerge.search.records.record import TrialRecord
from evomerge.search.samplers import Seeds
from evomerge.space.space import Space


def make(space: Space, seeds: Seeds, fixed: Sequence[TrialRecord]) -> GPSampler:
    """Make the sampler of one proposal."""
    return GPSampler(
        seed=seeds.model,
        independent_sampler=RandomSampler(seed=seeds.random),
        warn_independent_sampling=False,
    )
