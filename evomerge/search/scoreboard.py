"""What a run has scored so far: which recipes, how many trials of each stage, the incumbent."""

from collections.abc import Iterable

from evomerge.recipe.recipe import Recipe
from evomerge.search.events import Progress
from evomerge.search.finals.ranking import scalar_of
from evomerge.search.records.record import (
    STAGES,
    FailedTrial,
    Pending,
    ScoredTrial,
    Stage,
    TrialRecord,
    documents_of,
)
from evomerge.settings import Documents
from evomerge.space.space import Space

Key = tuple[Documents, str]
"""A set of documents, and the id of a recipe that was scored on it."""


class Scoreboard:
    """Takes in trials as they end. Everything on it can be rebuilt from the study.

    Args:
        space: The space that is searched.
        earlier: The trials of earlier sessions, stage by stage.
    """

    def __init__(self, space: Space, earlier: Iterable[TrialRecord]) -> None:
        self._space = space
        self._first: dict[Key, ScoredTrial] = {}
        self._sloped: dict[Key, ScoredTrial] = {}
        self._incumbent: ScoredTrial | None = None
        self._done = dict.fromkeys(STAGES, 0)
        self._failed = dict.fromkeys(STAGES, 0)
        self.repeats = 0
        """How many of the last proposals in a row were recipes scored before."""
        for record in earlier:
            self.add(record)

    def add(self, record: TrialRecord) -> None:
        """Take in a trial that has ended."""
        self._done[record.stage] += 1
        repeats = isinstance(record, ScoredTrial) and record.twin is not None
        if record.stage == "search":
            self.repeats = self.repeats + 1 if repeats else 0
        if isinstance(record, FailedTrial):
            self._failed[record.stage] += 1
            return
        key = key_of(record.stage, record.recipe)
        self._first.setdefault(key, record)
        if record.gradient:
            self._sloped.setdefault(key, record)
        if record.documents == "quick" and self._is_best(record):
            self._incumbent = record

    def twin(self, pending: Pending) -> ScoredTrial | None:
        """Return the first trial that scored this recipe on the same documents.

        Where a gradient is wanted, it is one that has it, with respect to the same parameters.
        """
        key = key_of(pending.stage, pending.recipe)
        if pending.step is None:
            return self._first.get(key)
        sloped = self._sloped.get(key)
        return sloped if sloped and sloped.params == pending.params else None

    def progress(self, stage: Stage, *, planned: int, in_flight: int, elapsed_s: float) -> Progress:
        """Return where a stage stands; the arguments are those of `Progress`."""
        return Progress(
            stage=stage,
            done=self._done[stage],
            planned=planned,
            failed=self._failed[stage],
            in_flight=in_flight,
            elapsed_s=elapsed_s,
            incumbent=self._incumbent,
        )

    def _is_best(self, trial: ScoredTrial) -> bool:
        best = self._incumbent
        return best is None or scalar_of(trial, self._space) > scalar_of(best, self._space)


def key_of(stage: Stage, recipe: Recipe) -> Key:
    """Return what must be equal for scores to be reused."""
    return documents_of(stage), recipe.recipe_id
