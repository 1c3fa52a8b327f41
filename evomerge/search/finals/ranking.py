"""Which of some trials is best."""

from collections.abc import Iterable, Sequence

from evomerge.evaluate.objective import scalar
from evomerge.search.records.record import Kind, ScoredTrial, TrialRecord
from evomerge.space.space import Space


def scalar_of(trial: ScoredTrial, space: Space) -> float:
    """Return the one value by which a trial is ranked; for `pareto` the weighted mean."""
    return scalar(trial.result.scores, space.evaluate.tasks, space.objective)


def scored(records: Iterable[TrialRecord]) -> list[ScoredTrial]:
    """Return the trials that did not fail."""
    return [record for record in records if isinstance(record, ScoredTrial)]


def ranked(trials: Sequence[ScoredTrial], space: Space) -> list[ScoredTrial]:
    """Return the trials, each recipe once, best first; ties go to the lower number."""
    distinct = {trial.recipe: trial for trial in reversed(trials)}
    order = sorted(distinct.values(), key=lambda trial: trial.number)
    return sorted(order, key=lambda trial: -scalar_of(trial, space))


def best_of(trials: Iterable[ScoredTrial], space: Space, *kinds: Kind) -> ScoredTrial | None:
    """Return the first of the best trials of some kinds, or None where there is none."""
    wanted = [trial for trial in trials if trial.kind in kinds]
    return max(wanted, key=lambda trial: scalar_of(trial, space), default=None)


def pareto_front(records: Iterable[TrialRecord]) -> list[ScoredTrial]:
    """Return the scored recipes, each once, that no other one equals or beats on every value."""
    distinct = [trial for trial in scored(records) if trial.twin is None]
    return [
        trial
        for trial in distinct
        if not any(
            other.value != trial.value and all(map(float.__ge__, other.value, trial.value))
            for other in distinct
        )
    ]
