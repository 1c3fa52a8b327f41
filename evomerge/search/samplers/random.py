"""Uniform draws: what every other sampler has to beat."""

from optuna.samplers import RandomSampler

from evomerge.search.samplers import Seeds
from evomerge.space.space import Space


def make(space: Space, seeds: Seeds) -> RandomSampler:
    """Make the sampler of one proposal."""
    return RandomSampler(seed=seeds.model)
