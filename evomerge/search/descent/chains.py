"""Chains as the study's trials tell them: which step is next, from where, and when one is over."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from optuna.trial import FrozenTrial, TrialState

from evomerge.search.descent.adam import Adam
from evomerge.search.records.attributes import read_gradient, read_step
from evomerge.search.records.record import Step
from evomerge.space.domains import FloatDomain

_FAILURES = 3
"""In a row they end a chain: a step that is a quarter as long fails where the whole one did."""
_SHORT = 0.1
"""Share of a chain's rate below which a step that moves nothing may be lost in rounding alone."""


@dataclass(frozen=True)
class Chain:
    """Trials of which each is a step from the one before.

    A step that fails is tried again from the last good point at half the rate, as a merge that
    breaks a model most often went too far; a chain is over after three in a row, or where its
    first trial fails or a trial has no gradient, as nothing tells where to go from there, and
    where a step moves nothing.

    Args:
        first: Its first step, which says how long it is and how fast.
        trials: The trials, by step.
        origin: The trial from which it goes on; None where it started afresh.
    """

    first: Step
    trials: tuple[FrozenTrial, ...] = ()
    origin: FrozenTrial | None = None

    @property
    def is_running(self) -> bool:
        """Whether one of its trials has not ended."""
        return any(not trial.state.is_finished() for trial in self.trials)

    @property
    def path(self) -> list[FrozenTrial]:
        """The trials with a gradient that it has stepped through, its origin first."""
        return [t for t in (self.origin, *self.trials) if t is not None and read_gradient(t)]

    @property
    def is_over(self) -> bool:
        """Whether it takes no further step."""
        if not self.trials or len(self.trials) >= self.first.length:
            return bool(self.trials)
        last = self.trials[-1]
        if last.state == TrialState.COMPLETE:
            return read_gradient(last) is None or self._moved_nothing
        return not self.path or self._failures(len(self.trials)) >= _FAILURES

    @property
    def best(self) -> FrozenTrial | None:
        """Its own best trial that has a gradient, or None."""
        return max((t for t in self.trials if read_gradient(t)), key=_merit, default=None)

    @property
    def promise(self) -> tuple[float, float]:
        """What it is compared by: the value and the negative loss of the best on its path."""
        return max(map(_merit, self.path))

    @property
    def is_at_rest(self) -> bool:
        """Whether it has arrived: its last step moved nothing, and not because it was short."""
        step = read_step(self.path[-1]) if self._moved_nothing else None
        return step is not None and self._rate(step.number) >= _SHORT * self.first.rate

    @property
    def start(self) -> Mapping[str, float]:
        """The point where it started."""
        return self.trials[0].params

    def next_step(self) -> Step:
        """Return the place of its next trial."""
        return replace(self.first, number=len(self.trials))

    def next_point(
        self, domains: Mapping[str, FloatDomain], anchor: Mapping[str, float], pull: float
    ) -> dict[str, float]:
        """Return the values of its next trial; those that it does not learn stay as they are.

        Args:
            domains: What it learns.
            anchor: Where it, or the chain that it goes on from, started.
            pull: As for `Adam`.
        """
        adam = Adam(domains, anchor, pull)
        for trial in self.path:
            gradient = read_gradient(trial)
            assert gradient is not None
            adam.tell(trial.params, gradient.slopes)
        return adam.ask(self._rate(len(self.trials)))

    @property
    def _moved_nothing(self) -> bool:
        return len(self.path) > 1 and self.path[-1].params == self.path[-2].params

    def _failures(self, number: int) -> int:
        """Return how many trials in a row failed before one of its trials."""
        count = 0
        while count < number and self.trials[number - 1 - count].state == TrialState.FAIL:
            count += 1
        return count

    def _rate(self, number: int) -> float:
        """Return the learning rate of one of its steps: by cosine decay, halved by failures."""
        moves = self.first.length - (self.origin is None)
        done = number - (self.origin is None)
        whole = self.first.rate * (1 + math.cos(math.pi * done / moves)) / 2
        return whole * 0.5 ** self._failures(number)


def read_chains(trials: Sequence[FrozenTrial]) -> dict[int, Chain]:
    """Return the chains of a study, by number.

    Args:
        trials: All of its trials, by number.
    """
    found: dict[int, list[FrozenTrial]] = defaultdict(list)
    for trial in trials:
        if step := read_step(trial):
            found[step.chain].append(trial)
    return {number: _chain(found[number], trials) for number in sorted(found)}


def root_of(chain: Chain, chains: Mapping[int, Chain]) -> Chain:
    """Return the chain that started afresh and that this one, perhaps over others, goes on from."""
    while chain.origin is not None:
        step = read_step(chain.origin)
        assert step is not None
        chain = chains[step.chain]
    return chain


def _merit(trial: FrozenTrial) -> tuple[float, float]:
    """Return the value of a trial that has a gradient, and its negative loss, which breaks ties."""
    gradient = read_gradient(trial)
    assert gradient is not None and trial.value is not None
    return trial.value, -gradient.loss


def _chain(own: Sequence[FrozenTrial], trials: Sequence[FrozenTrial]) -> Chain:
    step = read_step(own[0])
    assert step is not None
    return Chain(step, tuple(own), None if step.origin is None else trials[step.origin])
