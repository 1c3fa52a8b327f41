"""The best recipe of a run as it stands, finished or not."""

from evomerge.search.finals.ranking import best_of, scored
from evomerge.search.records.record import ScoredTrial
from evomerge.search.records.study import RunStudy
from evomerge.space.space import Space


def best_record(study: RunStudy, space: Space) -> ScoredTrial | None:
    """Return the recipe to export: the winner of a finished search, else the incumbent.

    The incumbent is the best sampled recipe on the quick documents; ties go to the earlier trial.

    Args:
        study: The run's study.
        space: The run's space.

    Returns:
        A trial with scores, or None while no trial has succeeded.
    """
    return study.winner or best_of(scored(study.records("search")), space, "sampled")
