"""CMA-ES on the numbers that every recipe of a space has."""

from collections.abc import Sequence, Set

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import CmaEsSampler, RandomSampler
from optuna.trial import FrozenTrial

from evomerge.search.records.record import TrialRecord
from evomerge.search.samplers import Seeds
from evomerge.space.space import Space


class CmaesSampler(CmaEsSampler):
    """CMA-ES on the same parameters from the first trial on.

    Optuna takes what all trials so far have in common. Where the first generation happens to
    share more than later ones, its optimiser no longer fits, and all else is drawn at random.

    Args:
        seeds: Of the evolution strategy, and of values drawn at random.
        shared: Names of the parameters to optimise.
    """

    def __init__(self, seeds: Seeds, shared: Set[str]) -> None:
        super().__init__(
            seed=seeds.model,
            independent_sampler=RandomSampler(seed=seeds.random),
            warn_independent_sampling=False,
        )
        self._shared = shared

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the distributions of the shared parameters."""
        common = super().infer_relative_search_space(study, trial)
        return {name: common[name] for name in common if name in self._shared}


def make(space: Space, seeds: Seeds, fixed: Sequence[TrialRecord]) -> CmaesSampler:
    """Make the sampler of one proposal."""
    return CmaesSampler(seeds, {parameter.name for parameter in space.shared_parameters})
