"""Optuna's samplers by short name, made anew for every proposal so that a resume repeats them."""

import warnings
from collections.abc import Callable, Mapping, Set
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIISampler,
    RandomSampler,
    TPESampler,
)
from optuna.trial import FrozenTrial

from evomerge.errors import InputError
from evomerge.quiet import hush
from evomerge.space.space import Space

_JOINT, _INDEPENDENT = 0, 1
_POPULATION = 16

hush()


class CmaesSampler(CmaEsSampler):
    """CMA-ES on the numbers that every recipe of the space has, from the first trial on.

    Optuna takes what all trials so far have in common. Where the first generation happens to
    share more than later ones, its optimiser no longer fits, and all else is drawn at random.

    Args:
        joint: Seed of the evolution strategy.
        independent: Seed for values drawn at random.
        shared: Names of the parameters to optimise.
    """

    def __init__(self, joint: int, independent: int, shared: Set[str]) -> None:
        super().__init__(
            seed=joint,
            independent_sampler=RandomSampler(seed=independent),
            warn_independent_sampling=False,
        )
        self._shared = shared

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the distributions of the shared parameters."""
        common = super().infer_relative_search_space(study, trial)
        return {name: common[name] for name in common if name in self._shared}


class Nsga2Sampler(NSGAIISampler):
    """NSGA-II whose random draws do not share a stream with its crossover.

    Optuna seeds both alike. With a fresh sampler for every proposal, the first mutated value
    would then always be the number that decided whether to cross over.

    Args:
        joint: Seed for crossover and mutation.
        independent: Seed for values drawn at random.
    """

    def __init__(self, joint: int, independent: int) -> None:
        super().__init__(seed=joint, population_size=_POPULATION)
        self._independent = RandomSampler(seed=independent)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw a value that no crossover gave."""
        return self._independent.sample_independent(study, trial, param_name, param_distribution)


def startup_trials(recipes: int) -> int:
    """Return how many trials TPE draws at random before it models what it saw.

    With Optuna's 10 alone it commits to one of many recipes before it has seen the others; 24
    for the 7 of `recipes: auto` did better (experiments/2026-11-23-auto).

    Args:
        recipes: Alternatives of the space, ≥ 1.
    """
    return max(10, 4 * (recipes - 1))


_SAMPLERS: Mapping[str, Callable[[Space, int, int], BaseSampler]] = {
    "tpe": lambda space, joint, independent: TPESampler(
        seed=joint,
        n_startup_trials=startup_trials(len(space.templates)),
        multivariate=True,
        group=True,
        constant_liar=True,
    ),
    "cmaes": lambda space, joint, independent: CmaesSampler(
        joint, independent, {parameter.name for parameter in space.shared_parameters}
    ),
    "nsga2": lambda space, joint, independent: Nsga2Sampler(joint, independent),
    "gp": lambda space, joint, independent: GPSampler(
        seed=joint,
        independent_sampler=RandomSampler(seed=independent),
        warn_independent_sampling=False,
    ),
    "random": lambda space, joint, independent: RandomSampler(seed=joint),
}


def seeds(study_seed: int, number: int) -> tuple[int, int]:
    """Return the seeds of a trial: of the sampler's model, and of values drawn at random."""
    joint, independent = (
        int(np.random.SeedSequence([study_seed, number, purpose]).generate_state(1)[0])
        for purpose in (_JOINT, _INDEPENDENT)
    )
    return joint, independent


def make_sampler(space: Space, number: int) -> BaseSampler:
    """Make the sampler that proposes trial `number`, and only that one.

    It depends on the space, the study's trials and the number alone: a resumed search proposes
    what an uninterrupted one would have.

    Args:
        space: The space, with sampler and seed.
        number: The trial's number, ≥ 0.
    """
    joint, independent = seeds(space.search.seed, number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return _SAMPLERS[space.search.sampler](space, joint, independent)


def check_sampler(space: Space) -> None:
    """Refuse a sampler that cannot serve the objective.

    Raises:
        InputError: CMA-ES with several objectives.
    """
    if space.search.sampler == "cmaes" and space.objective == "pareto":
        raise InputError(
            "the cmaes sampler optimises one value, got objective 'pareto'",
            where="search.sampler",
            help="use tpe, nsga2 or gp, or objective mean, min or geometric",
        )
