"""The truth about a run: every evaluation of every stage is a trial of an Optuna study."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import BaseSampler, RandomSampler
from optuna.storages import JournalStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from evomerge.errors import TrialError
from evomerge.recipe.recipe import Recipe
from evomerge.search.records.attributes import (
    origin_attributes,
    read_begun,
    read_ended,
    read_failed,
    read_pending,
    read_scored,
    result_attributes,
)
from evomerge.search.records.journal import RunJournal
from evomerge.search.records.optuna_private import set_attributes
from evomerge.search.records.record import (
    STAGES,
    FailedTrial,
    Kind,
    ParameterGradient,
    Pending,
    ScoredTrial,
    Stage,
    TrialRecord,
    Twin,
    WithoutRecipe,
)
from evomerge.space.space import Space
from evomerge.workers.protocol import Failed, Scored

_ELAPSED, _ORIGIN, _WINNER = "elapsed_s", "origin", "winner"


class RunStudy:
    """One Optuna study a stage, in one journal. Each change is written whole or not at all.

    Args:
        path: The journal's path.
        n_objectives: Values a trial has: 1, or the number of tasks for `pareto`.
        origin: Where the space file stood when the run began, kept with a new study.
        writable: False to read the study of a run that may be in use.

    Raises:
        PlatformError: The journal cannot be read or written.
    """

    def __init__(
        self, path: Path, n_objectives: int = 1, *, origin: str = "", writable: bool = True
    ) -> None:
        self._journal = RunJournal(path, writable=writable)
        storage = JournalStorage(self._journal)
        if writable and not optuna.get_all_study_names(storage):
            with self._journal.transaction():
                for stage in STAGES:
                    study = optuna.create_study(
                        storage=storage,
                        study_name=stage,
                        directions=["maximize"] * n_objectives,
                        sampler=RandomSampler(),
                    )
                    study.set_user_attr(_ORIGIN, origin)
        names = optuna.get_all_study_names(storage)
        self._studies = {
            stage: optuna.load_study(study_name=stage, storage=storage, sampler=RandomSampler())
            for stage in STAGES
            if stage in names
        }

    def records(self, stage: Stage) -> list[TrialRecord]:
        """Return the stage's trials that have ended, by number."""
        return [read_ended(stage, t) for t in self._trials(stage) if t.state.is_finished()]

    def pending(self, stage: Stage) -> list[Pending | WithoutRecipe]:
        """Return the stage's trials that have not ended, by number."""
        return [read_begun(stage, t) for t in self._trials(stage) if not t.state.is_finished()]

    def count(self, stage: Stage) -> int:
        """Return how many trials the stage has, ended or not."""
        return len(self._trials(stage))

    @property
    def elapsed_s(self) -> float:
        """Seconds of sampling over all sessions, up to the last result or the end of the budget."""
        return float(self._attrs().get(_ELAPSED, 0.0))

    def spend(self, seconds: float) -> None:
        """Keep that so many seconds of sampling are spent, where fewer are known."""
        if self.elapsed_s < seconds:
            self._studies["search"].set_user_attr(_ELAPSED, seconds)

    @property
    def origin(self) -> Path | None:
        """Where the space file stood when the run began; None before it began."""
        origin = self._attrs().get(_ORIGIN)
        return None if origin is None else Path(origin)

    @property
    def winner(self) -> ScoredTrial | None:
        """The winner of a search that is complete; None before, and once it has gone on."""
        crowned = self._attrs().get(_WINNER)
        if crowned is None or crowned["n_sampled"] != self.count("search"):
            return None
        stage: Stage = crowned["stage"]
        return read_scored(stage, self._trials(stage)[crowned["number"]])

    def crown(self, winner: ScoredTrial) -> None:
        """Keep the winner of a search that is complete."""
        n_sampled = self.count("search")
        crowned = {"stage": winner.stage, "number": winner.number, "n_sampled": n_sampled}
        if self._attrs().get(_WINNER) != crowned:
            self._studies["search"].set_user_attr(_WINNER, crowned)

    def enqueue(self, stage: Stage, kind: Kind, label: str, recipe: Recipe) -> Pending:
        """Add a trial for a recipe that no sampler proposed."""
        with self._journal.transaction():
            trial = self._begin(self._studies[stage].ask(), kind, label, recipe)
        return read_pending(stage, self._trials(stage)[trial.number])

    def propose(self, space: Space, sampler: BaseSampler) -> Pending | WithoutRecipe:
        """Let a sampler propose the search's next trial.

        Args:
            space: The space to draw from.
            sampler: Made for this trial's number, which is `count("search")`.
        """
        study = self._studies["search"]
        with self._journal.transaction():
            study.sampler = sampler
            trial = study.ask()
            space.suggest(trial)
            params = self._trials("search")[trial.number].params
            recipe: Recipe | str
            try:
                recipe = space.recipe(params)
            except TrialError as error:
                recipe = str(error)
            self._begin(trial, "sampled", f"trial {trial.number}", recipe)
        return read_begun("search", self._trials("search")[trial.number])

    def finish(
        self,
        pending: Pending,
        result: Scored,
        value: Sequence[float],
        *,
        twin: Twin | None = None,
        gradient: ParameterGradient | None = None,
        elapsed_s: float | None = None,
    ) -> ScoredTrial:
        """Record that a trial was scored.

        Args:
            pending: The trial.
            result: Its scores.
            value: The objective, one finite number for each of the study's directions.
            twin: The earlier trial whose scores were reused.
            gradient: How its loss changes with its parameters.
            elapsed_s: Seconds of sampling so far, over all sessions.
        """
        kept = result_attributes(result, twin, gradient)
        with self._ending(pending, kept, elapsed_s) as study:
            study.tell(pending.number, list(value))
        return read_scored(pending.stage, self._trials(pending.stage)[pending.number])

    def fail(
        self, pending: Pending | WithoutRecipe, result: Failed, *, elapsed_s: float | None = None
    ) -> FailedTrial:
        """Record that a trial failed; the arguments are those of `finish`."""
        with self._ending(pending, result_attributes(result), elapsed_s) as study:
            study.tell(pending.number, state=TrialState.FAIL)
        return read_failed(pending.stage, self._trials(pending.stage)[pending.number])

    @contextmanager
    def _ending(
        self,
        pending: Pending | WithoutRecipe,
        attributes: Mapping[str, Any],
        elapsed_s: float | None,
    ) -> Iterator[optuna.Study]:
        study = self._studies[pending.stage]
        with self._journal.transaction():
            set_attributes(study, self._trials(pending.stage)[pending.number], attributes)
            if elapsed_s is not None:
                self._studies["search"].set_user_attr(_ELAPSED, elapsed_s)
            yield study

    def _begin(self, trial: Trial, kind: Kind, label: str, recipe: Recipe | str) -> Trial:
        for key, value in origin_attributes(kind, label, recipe).items():
            trial.set_user_attr(key, value)
        return trial

    def _attrs(self) -> dict[str, Any]:
        return self._studies["search"].user_attrs if self._studies else {}

    def _trials(self, stage: Stage) -> list[FrozenTrial]:
        study = self._studies.get(stage)
        return study.get_trials(deepcopy=False) if study else []
