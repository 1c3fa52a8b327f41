"""What proposes trials: a file each, made anew for every proposal so that a resume repeats them.

A file NAME.py here has `make(space, seeds, fixed)`; what the sampler can do is its line in
`evomerge.samplers`.
"""

import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

import numpy as np
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler

from evomerge.search.records.record import TrialRecord
from evomerge.space.space import Space

_MODEL, _RANDOM = 0, 1


class Seeds(NamedTuple):
    """Two streams of one trial, so that no random draw repeats a decision of the model.

    Args:
        model: Seed of the sampler's own model.
        random: Seed of the values that it draws without its model.
    """

    model: int
    random: int


def seeds(study_seed: int, number: int) -> Seeds:
    """Return the seeds of a trial.

    Args:
        study_seed: `search.seed`, ≥ 0.
        number: The trial's number, ≥ 0.
    """
    model, random = (
        int(np.random.SeedSequence([study_seed, number, purpose]).generate_state(1)[0])
        for purpose in (_MODEL, _RANDOM)
    )
    return Seeds(model, random)


def make_sampler(space: Space, number: int, fixed: Sequence[TrialRecord] = ()) -> BaseSampler:
    """Make the sampler that proposes trial `number`, and only that one.

    It depends on the space, the trials so far, those of generation 0 too, and the number alone: a
    resumed search proposes what an uninterrupted one would have.

    Args:
        space: The space, with sampler and seed.
        number: The trial's number, ≥ 0.
        fixed: Generation 0's records.
    """
    module = import_module(f"{__name__}.{space.search.sampler}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        sampler: BaseSampler = module.make(space, seeds(space.search.seed, number), fixed)
    return sampler
