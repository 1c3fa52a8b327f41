"""Adam down the gradient of the loss; TPE for what has no derivative.

A trial is a step of a chain. Everything follows from the study's trials: which chains there are,
where each stands, its moments; so a resumed search steps as an uninterrupted one would have.
"""

from collections.abc import Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial

from evomerge.search.descent.chains import read_chains
from evomerge.search.descent.next_trial import NextTrial, Proposal
from evomerge.search.records.attributes import read_step, step_attributes
from evomerge.search.records.optuna_private import set_attributes
from evomerge.search.records.record import TrialRecord
from evomerge.search.samplers import Seeds
from evomerge.space.space import Space


class GradientSampler(BaseSampler):
    """Proposes steps of chains, and keeps in the study which trial is which step.

    What has no derivative, and all of an ordinary trial, TPE proposes: to it a chain is one trial
    with the chain's best value.

    Args:
        space: The space.
        seeds: Of TPE, and of starts that are drawn.
        fixed: Generation 0's records.
    """

    def __init__(self, space: Space, seeds: Seeds, fixed: Sequence[TrialRecord]) -> None:
        self._next = NextTrial(space, fixed, seeds.random)
        startup = max(4, 2 * len(self._next.alternatives))
        self._outer = TPESampler(seed=seeds.model, n_startup_trials=startup)
        self._number, self._proposal = -1, Proposal()
        self._seen: optuna.Study | None = None

    def reseed_rng(self) -> None:
        """Draw other numbers than a copy of this sampler."""
        self._outer.reseed_rng()

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Decide what the trial is to be, and keep its place in a chain."""
        _refuse_several(study)
        self._number, self._seen = trial.number, None

        def choose(name: str, values: tuple[Any, ...]) -> Any:
            return self._sampled(study, trial, name, CategoricalDistribution(values))

        before = [t for t in study.get_trials(deepcopy=False) if t.number < trial.number]
        self._proposal = self._next.decide(before, choose)
        if step := self._proposal.step:
            set_attributes(study, trial, step_attributes(step))

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the distributions of the point that a chain steps to."""
        return dict(self._of(trial).distributions)

    def sample_relative(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Return the point that a chain steps to."""
        _refuse_several(study)
        return {name: self._of(trial).values[name] for name in search_space}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Return a value of a chain's start, or one that TPE proposes."""
        _refuse_several(study)
        values = self._of(trial).values
        if param_name in values and _holds(param_distribution, values[param_name]):
            return values[param_name]
        return self._sampled(study, trial, param_name, param_distribution)

    def _sampled(
        self, study: optuna.Study, trial: FrozenTrial, name: str, among: BaseDistribution
    ) -> Any:
        """Return what TPE proposes for a value; only here are chains made one trial each."""
        if self._number != trial.number:
            return self._outer.sample_independent(_one_a_chain(study), trial, name, among)
        self._seen = self._seen or _one_a_chain(study)
        return self._outer.sample_independent(self._seen, trial, name, among)

    def _of(self, trial: FrozenTrial) -> Proposal:
        return self._proposal if self._number == trial.number else Proposal()


def make(space: Space, seeds: Seeds, fixed: Sequence[TrialRecord]) -> GradientSampler:
    """Make the sampler of one proposal."""
    return GradientSampler(space, seeds, fixed)


def _one_a_chain(study: optuna.Study) -> optuna.Study:
    """Return a study that holds the ended trials outside of chains, and each chain's best one."""
    trials = study.get_trials(deepcopy=False)
    alone = [t for t in trials if t.state.is_finished() and read_step(t) is None]
    best = [chain.best for chain in read_chains(trials).values()]
    seen = optuna.create_study(directions=study.directions)
    seen.add_trials([*alone, *(trial for trial in best if trial is not None)])
    return seen


def _holds(distribution: BaseDistribution, value: Any) -> bool:
    """Whether a value that was meant for a parameter is one of this distribution's."""
    if isinstance(distribution, FloatDistribution):
        return isinstance(value, float) and distribution.low <= value <= distribution.high
    return isinstance(distribution, CategoricalDistribution) and value in distribution.choices


def _refuse_several(study: optuna.Study) -> None:
    if len(study.directions) > 1:
        raise ValueError("a gradient leads down one loss: take a study of one objective")
