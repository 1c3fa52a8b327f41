"""Uniform draws: what every other sampler has to beat."""

from collections.abc import Sequence

from optuna.samplers import RandomSampler

from evomerge.search.records.record import TrialRecord
from evomerge.search.samplers import Seeds
from evomerge.space.space import Space


def make(space: Space, seeds: Seeds, fixed: Sequence[TrialRecord]) -> RandomSampler:
    """Make the sampler of one proposal."""
    return RandomSampler(seed=seeds.model)
