"""What the next trial is to be: a chain's next step, a chain that goes on, or a start."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState

from evomerge.errors import Failure
from evomerge.search.descent.chains import Chain, read_chains, root_of
from evomerge.search.descent.starts import start_at
from evomerge.search.records.attributes import read_failure, read_gradient, read_step
from evomerge.search.records.record import Step, TrialRecord
from evomerge.space.learned import Alternative, alternative_of, alternatives
from evomerge.space.space import Space

Choose = Callable[[str, tuple[Any, ...]], Any]
"""Takes one of several values for a parameter."""

_WITHOUT = 2
"""Trials of an alternative that have no gradient, and none that has: there is none to be had."""


@dataclass(frozen=True)
class Proposal:
    """What a trial is to be.

    Args:
        step: Its place in a chain; None for an ordinary trial.
        values: Values that are given; all others are left to another sampler.
        distributions: Those of a whole point that is given; empty for a start.
    """

    step: Step | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    distributions: Mapping[str, BaseDistribution] = field(default_factory=dict)


class NextTrial:
    """Decides from the trials so far, and from nothing else.

    First as many chains as `search.gradient.chains` says start, from the best blends, going round
    recipes and methods. Then the best of the chains that wait takes its next step. Where none
    waits, a new one goes on from a chain that is over, with fresh moments and half the learning
    rate: on one recipe a second chain from elsewhere ends where the first did. It is the chain with
    the best point on its path, origins too, and goes on from the best point of its own trials.
    Where something has no derivative, every other new chain starts afresh instead, with values
    that another sampler proposes.

    Args:
        space: The space.
        fixed: Generation 0's records.
        seed: Of a start that is drawn.
    """

    def __init__(self, space: Space, fixed: Sequence[TrialRecord], seed: int) -> None:
        self._fixed, self._seed = fixed, seed
        self._settings = space.search.gradient
        self._budget, self._workers = space.budget.trials, space.workers.count
        documents = space.evaluate.quick * len(space.evaluate.tasks)
        self._pull = 1 / (documents * self._settings.spread**2)
        self.alternatives = alternatives(space)

    def decide(self, trials: Sequence[FrozenTrial], choose: Choose) -> Proposal:
        """Return what the next trial is to be.

        Args:
            trials: All trials before it, by number.
            choose: Takes one of the recipes, and one of its methods, for a chain that starts.
        """
        chains, started = read_chains(trials), sum(map(_starts, trials))
        if started < self._first_chains:
            turn = self.alternatives[started % len(self.alternatives)]
            return self._start(turn, trials, chains)
        waiting = [chain for chain in chains.values() if not (chain.is_running or chain.is_over)]
        if waiting:
            return self._step(max(waiting, key=lambda chain: chain.promise), chains)
        later = started - self._first_chains + sum(c.origin is not None for c in chains.values())
        left = _not_gone_on_from(chains)
        if left and not (later % 2 and self._is_mixed):
            return self._go_on(max(left, key=lambda chain: chain.promise), trials, chains)
        return self._start(self._chosen(choose), trials, chains)

    def _start(
        self,
        alternative: Alternative,
        trials: Sequence[FrozenTrial],
        chains: Mapping[int, Chain],
    ) -> Proposal:
        """Return the first trial of a chain; an ordinary one where there is nothing to learn."""
        like = [t for t in trials if alternative_of(t.params, self.alternatives) is alternative]
        if not alternative.learned or _without_gradient(like):
            return Proposal(None, alternative.choices)
        given = self._settings.start
        start = start_at(
            alternative,
            sum(map(_starts, like)),
            self._fixed,
            self._seed,
            None if given == "auto" else given,
        )
        step = Step(len(chains), 0, self._length(trials), self._settings.learning_rate)
        return Proposal(step, {**alternative.choices, **start})

    def _go_on(
        self, over: Chain, trials: Sequence[FrozenTrial], chains: Mapping[int, Chain]
    ) -> Proposal:
        """Return the first trial of a chain that goes on from the best point of another."""
        origin = over.best
        assert origin is not None
        step = Step(len(chains), 0, self._length(trials), over.first.rate / 2, origin.number)
        return self._step(Chain(step, (), origin), chains)

    def _step(self, chain: Chain, chains: Mapping[int, Chain]) -> Proposal:
        """Return the next trial of a chain, which learns what its trials drew.

        A stack of few blocks has none of the parameters of further ones.
        """
        last = chain.path[-1]
        alternative = alternative_of(last.params, self.alternatives)
        assert alternative is not None
        point = chain.next_point(
            {n: one.domain for n, one in alternative.learned.items() if n in last.params},
            root_of(chain, chains).start,
            self._pull,
        )
        return Proposal(chain.next_step(), {**last.params, **point}, last.distributions)

    def _chosen(self, choose: Choose) -> Alternative:
        left, values = self.alternatives, dict[str, Any]()
        while len(left) > 1:
            name = next(name for name in left[0].choices if name not in values)
            values[name] = choose(name, tuple(dict.fromkeys(one.choices[name] for one in left)))
            left = tuple(one for one in left if one.choices[name] == values[name])
        return left[0]

    def _length(self, trials: Sequence[FrozenTrial]) -> int:
        """Return how many trials a new chain has: no more than are left to each worker.

        What the first chains that start after it take is not left to it.
        """
        starts = max(0, self._first_chains - sum(map(_starts, trials)) - 1)
        share = math.ceil((self._budget - len(trials) - starts) / self._workers)
        return max(1, min(self._settings.steps, share))

    @property
    def _first_chains(self) -> int:
        given = self._settings.chains
        return max(self._workers, len(self.alternatives)) if given == "auto" else given

    @property
    def _is_mixed(self) -> bool:
        """Whether something is left to another sampler."""
        return len(self.alternatives) > 1 or any(one.others for one in self.alternatives)


def _starts(trial: FrozenTrial) -> bool:
    """Whether a trial starts afresh: an ordinary one, or the first of a chain without origin."""
    step = read_step(trial)
    return step is None or (step.number == 0 and step.origin is None)


def _without_gradient(trials: Sequence[FrozenTrial]) -> bool:
    """Whether trials that asked for a gradient show that there is none to be had.

    Scores without a gradient show it, and a failure that says so; others, as for want of memory,
    tell nothing of it.
    """
    steps = [trial for trial in trials if read_step(trial)]
    return not any(map(read_gradient, steps)) and sum(map(_lacks, steps)) >= _WITHOUT


def _lacks(trial: FrozenTrial) -> bool:
    if trial.state == TrialState.FAIL:
        return read_failure(trial) is Failure.NO_GRADIENT
    return trial.state == TrialState.COMPLETE


def _not_gone_on_from(chains: Mapping[int, Chain]) -> list[Chain]:
    """Return the chains that are over, have a best point, and from which none goes on yet.

    One that has come to rest is not among them: another from there would rest too. Nor are two
    to go on from one point: they would take the same steps.
    """
    origins = {chain.origin.number for chain in chains.values() if chain.origin}
    return [
        chain
        for chain in chains.values()
        if chain.is_over
        and not (chain.is_running or chain.is_at_rest)
        and chain.best is not None
        and not origins & {trial.number for trial in chain.trials}
    ]
