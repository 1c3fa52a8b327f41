"""The best recipe of a run as it stands, finished or not."""

from evomerge.evaluate.objective import scalar
from evomerge.search.record import TrialRecord
from evomerge.search.study import RunStudy
from evomerge.space.space import Space


def best_record(study: RunStudy, space: Space) -> TrialRecord | None:
    """Return the recipe to export: the winner of a finished search, else the incumbent.

    The incumbent is the best sampled recipe on the quick documents; ties go to the earlier trial.

    Args:
        study: The run's study.
        space: The run's space.

    Returns:
        A trial with scores, or None while no trial has succeeded.
    """
    if winner := study.winner:
        return winner
    sampled = [r for r in study.records("search") if r.value]
    return max(sampled, key=lambda r: _rank(r, space), default=None)


def _rank(record: TrialRecord, space: Space) -> tuple[float, int]:
    assert record.result.scores is not None
    value = scalar(record.result.scores, space.evaluate.tasks, space.objective)
    return value, -record.number
