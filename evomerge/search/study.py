"""The truth about a run: every evaluation of every stage is a trial of an Optuna study."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast, get_args

import optuna
from optuna.samplers import BaseSampler, RandomSampler
from optuna.storages import JournalStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from evomerge.errors import Failure, TrialError
from evomerge.evaluate.scores import Scores
from evomerge.recipe.recipe import Recipe
from evomerge.search.journal import RunJournal
from evomerge.search.record import Kind, Stage, TrialRecord
from evomerge.space.space import Space
from evomerge.workers.protocol import TrialResult

STAGES: tuple[Stage, ...] = get_args(Stage)
_ELAPSED, _ORIGIN, _WINNER = "elapsed_s", "origin", "winner"


@dataclass(frozen=True)
class Pending:
    """A trial that is in the study and has no result yet.

    Args:
        stage: Its stage.
        number: Its number in the stage.
        kind: Where the recipe came from.
        label: For people.
        recipe: What to score; None where the sampled values gave no recipe.
        params: Sampled parameters; empty for a fixed recipe.
        invalid: Why there is no recipe; empty where there is one.
    """

    stage: Stage
    number: int
    kind: Kind
    label: str
    recipe: Recipe | None
    params: Mapping[str, Any] = field(default_factory=dict)
    invalid: str = ""


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
        self._studies = {
            cast(Stage, name): optuna.load_study(
                study_name=name, storage=storage, sampler=RandomSampler()
            )
            for name in optuna.get_all_study_names(storage)
        }

    def records(self, stage: Stage) -> list[TrialRecord]:
        """Return the stage's trials that have ended, by number."""
        return [_record(stage, t) for t in self._trials(stage) if t.state.is_finished()]

    def pending(self, stage: Stage) -> list[Pending]:
        """Return the stage's trials that have not ended, by number."""
        return [_pending(stage, t) for t in self._trials(stage) if not t.state.is_finished()]

    def count(self, stage: Stage) -> int:
        """Return how many trials the stage has, ended or not."""
        return len(self._trials(stage))

    @property
    def elapsed_s(self) -> float:
        """Seconds of sampling over all sessions, up to the last result."""
        return float(self._attrs().get(_ELAPSED, 0.0))

    @property
    def origin(self) -> Path | None:
        """Where the space file stood when the run began; None before it began."""
        origin = self._attrs().get(_ORIGIN)
        return None if origin is None else Path(origin)

    @property
    def winner(self) -> TrialRecord | None:
        """The winner as `crown` was told; None before, and once the search has gone on."""
        crowned = self._attrs().get(_WINNER)
        if crowned is None or crowned["n_sampled"] != self.count("search"):
            return None
        return _record(crowned["stage"], self._trials(crowned["stage"])[crowned["number"]])

    def crown(self, winner: TrialRecord) -> None:
        """Keep the winner of a search that is complete."""
        n_sampled = self.count("search")
        crowned = {"stage": winner.stage, "number": winner.number, "n_sampled": n_sampled}
        if self._attrs().get(_WINNER) != crowned:
            self._studies["search"].set_user_attr(_WINNER, crowned)

    def enqueue(self, stage: Stage, kind: Kind, label: str, recipe: Recipe) -> Pending:
        """Add a trial for a recipe that no sampler proposed."""
        with self._journal.transaction():
            return self._add(stage, self._studies[stage].ask(), kind, label, recipe)

    def propose(self, space: Space, sampler: BaseSampler) -> Pending:
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
            label = f"trial {trial.number}"
            try:
                return self._add("search", trial, "sampled", label, space.recipe(params))
            except TrialError as error:
                return self._add("search", trial, "sampled", label, None, str(error))

    def finish(
        self,
        pending: Pending,
        result: TrialResult,
        value: Sequence[float] = (),
        *,
        twin: TrialRecord | None = None,
        elapsed_s: float | None = None,
    ) -> TrialRecord:
        """Record how a trial ended.

        Args:
            pending: The trial.
            result: Its scores or failure.
            value: The objective, one number for each of the study's directions; empty on
                failure.
            twin: The earlier trial whose scores were reused.
            elapsed_s: Seconds of sampling so far, over all sessions.
        """
        study = self._studies[pending.stage]
        trial_id = self._trials(pending.stage)[pending.number]._trial_id
        with self._journal.transaction():
            attrs: dict[str, Any] = {"result": _result_to_json(result)}
            if twin:
                attrs |= {"duplicate_of": twin.number, "duplicate_stage": twin.stage}
            for key, attr in attrs.items():
                study._storage.set_trial_user_attr(trial_id, key, attr)
            if elapsed_s is not None:
                self._studies["search"].set_user_attr(_ELAPSED, elapsed_s)
            if value:
                study.tell(pending.number, list(value))
            else:
                study.tell(pending.number, state=TrialState.FAIL)
        return _record(pending.stage, self._trials(pending.stage)[pending.number])

    def _attrs(self) -> dict[str, Any]:
        return self._studies["search"].user_attrs if self._studies else {}

    def _trials(self, stage: Stage) -> list[FrozenTrial]:
        study = self._studies.get(stage)
        return study.get_trials(deepcopy=False) if study else []

    def _add(
        self,
        stage: Stage,
        trial: Trial,
        kind: Kind,
        label: str,
        recipe: Recipe | None,
        invalid: str = "",
    ) -> Pending:
        trial.set_user_attr("kind", kind)
        trial.set_user_attr("label", label)
        if recipe is None:
            trial.set_user_attr("invalid", invalid)
        else:
            trial.set_user_attr("recipe", recipe.canonical)
        return _pending(stage, self._trials(stage)[trial.number])


def _pending(stage: Stage, trial: FrozenTrial) -> Pending:
    attrs = trial.user_attrs
    return Pending(
        stage=stage,
        number=trial.number,
        kind=attrs["kind"],
        label=attrs["label"],
        recipe=Recipe(attrs["recipe"]) if "recipe" in attrs else None,
        params=dict(trial.params),
        invalid=attrs.get("invalid", ""),
    )


def _record(stage: Stage, trial: FrozenTrial) -> TrialRecord:
    pending = _pending(stage, trial)
    return TrialRecord(
        number=pending.number,
        stage=stage,
        kind=pending.kind,
        label=pending.label,
        recipe=pending.recipe,
        params=pending.params,
        result=_result_from_json(trial.user_attrs["result"]),
        value=tuple(trial.values or ()),
        duplicate_of=trial.user_attrs.get("duplicate_of"),
        duplicate_stage=trial.user_attrs.get("duplicate_stage"),
    )


def _result_to_json(result: TrialResult) -> dict[str, Any]:
    scores = result.scores.to_json() if result.scores else None
    return asdict(replace(result, scores=None, seconds=dict(result.seconds))) | {"scores": scores}


def _result_from_json(data: Mapping[str, Any]) -> TrialResult:
    scores, failure = data["scores"], data["failure"]
    return TrialResult(
        **{
            **data,
            "scores": Scores.from_json(scores) if scores else None,
            "failure": Failure(failure) if failure else None,
        }
    )
