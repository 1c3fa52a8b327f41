"""NSGA-II: children of good trials, crossed over and mutated."""

from collections.abc import Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import NSGAIISampler, RandomSampler
from optuna.trial import FrozenTrial

from evomerge.search.records.record import TrialRecord
from evomerge.search.samplers import Seeds
from evomerge.space.space import Space

_POPULATION = 16


class Nsga2Sampler(NSGAIISampler):
    """NSGA-II whose random draws do not share a stream with its crossover.

    Optuna seeds both alike. With a fresh sampler for every proposal, the first mutated value
    would then always be the number that decided whether to cross over.

    Optuna keeps generations in the study under the name of this class: another name, and a run
    begun before would start with a new first generation.

    Args:
        seeds: Of crossover and mutation, and of values drawn at random.
    """

    def __init__(self, seeds: Seeds) -> None:
        super().__init__(seed=seeds.model, population_size=_POPULATION)
        self._independent = RandomSampler(seed=seeds.random)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw a value that no crossover gave."""
        return self._independent.sample_independent(study, trial, param_name, param_distribution)


def make(space: Space, seeds: Seeds, fixed: Sequence[TrialRecord]) -> Nsga2Sampler:
    """Make the sampler of one proposal."""
    return Nsga2Sampler(seeds)
