"""A run as it stands, finished or not: its trials as tables, its best recipe as YAML."""

from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evomerge.errors import EvomergeError, InputError
from evomerge.files import adapters_dir
from evomerge.recipe.recipe import Recipe
from evomerge.report.files import recipe_yaml
from evomerge.search.finals.best import best_record
from evomerge.search.finals.ranking import pareto_front
from evomerge.search.records.record import STAGES, FailedTrial, ScoredTrial, TrialRecord
from evomerge.search.records.run import read_run
from evomerge.search.records.study import RunStudy
from evomerge.space.space import Space
from evomerge.zoo import locate

if TYPE_CHECKING:
    from pandas import DataFrame

_COLUMNS = [
    "stage",
    "number",
    "kind",
    "label",
    "state",
    "failure",
    "merge_method",
    "recipe_id",
    "seconds",
    "value",
]
"""What `OpenRun.trials` tells of every trial."""


@dataclass(frozen=True)
class OpenRun:
    """A run as it stood when it was opened; a search may be at it since.

    Args:
        folder: The run's folder.
        space: The space that is searched.
    """

    folder: Path
    space: Space
    _study: RunStudy = field(repr=False)

    @property
    def is_finished(self) -> bool:
        """Whether the search has come to its end."""
        return self._study.winner is not None

    @property
    def records(self) -> tuple[TrialRecord, ...]:
        """Every trial that has ended, stage by stage."""
        return tuple(record for stage in STAGES for record in self._study.records(stage))

    @property
    def trials(self) -> "DataFrame":
        """A row for each trial that has ended, named as Optuna's `trials_dataframe` names them.

        Columns: `stage`, `number`, `kind`, `label`, `state` (`COMPLETE` or `FAIL`), `failure`,
        `value` (or `values_TASK` for several objectives), `scores_TASK`, `params_NAME`,
        `merge_method`, `recipe_id`, `seconds`; `loss` for steps down a gradient. What a trial
        does not have is missing.
        """
        from pandas import DataFrame

        rows = [self._row(record) for record in self.records]
        return DataFrame(rows, columns=None if rows else _COLUMNS)

    @property
    def scores(self) -> "DataFrame":
        """A row for each document that a trial was scored on.

        Columns: `stage`, `number`, `label`, `task`, `metric`, `doc_id`, `score`; the score is
        missing where the metric has no value for a single document.
        """
        from pandas import DataFrame

        rows = [
            (record.stage, record.number, record.label, task.task, task.metric, doc, score)
            for record in self.records
            if isinstance(record, ScoredTrial)
            for task in record.result.scores.tasks
            for doc, score in zip(task.doc_ids, task.per_doc, strict=True)
        ]
        names = ["stage", "number", "label", "task", "metric", "doc_id", "score"]
        return DataFrame(rows, columns=names)

    @property
    def best(self) -> ScoredTrial:
        """The winner of a finished search, else the best sampled recipe so far.

        Raises:
            EvomergeError: No trial has succeeded yet.
        """
        found = best_record(self._study, self.space)
        if found is None:
            raise EvomergeError("no trial has succeeded yet", where=str(self.folder))
        return found

    @property
    def front(self) -> tuple[ScoredTrial, ...]:
        """The recipes that no other one beats on every task, on the quick documents.

        Raises:
            InputError: The objective is not `pareto`.
            EvomergeError: No trial has succeeded yet.
        """
        if self.space.objective != "pareto":
            raise InputError(
                f"the run's objective is {self.space.objective}: it has one best recipe, not a "
                "front",
                where=str(self.folder),
                help="take the best one, without --pareto, or search with objective: pareto",
            )
        found = pareto_front([*self._study.records("generation0"), *self._study.records("search")])
        if not found:
            raise EvomergeError("no trial has succeeded yet", where=str(self.folder))
        return tuple(found)

    def trial(self, number: int) -> TrialRecord:
        """Return a trial of the search proper.

        Raises:
            InputError: There is none of that number.
        """
        records = self._study.records("search")
        found = next((record for record in records if record.number == number), None)
        if found is None:
            known = f"0 to {records[-1].number}" if records else "none yet"
            where = str(self.folder)
            raise InputError(f"no trial {number}", where=where, help=f"trials: {known}")
        return found

    def export(self, trial: TrialRecord | None = None, *, file: str = "best.yaml") -> str:
        """Return a recipe as plain mergekit YAML, with what it scored in the header.

        Args:
            trial: One of the run's trials; by default the best.
            file: The YAML's own name, for the commands in the header.

        Raises:
            EvomergeError: No trial has succeeded yet.
            InputError: The trial has no recipe.
        """
        record = trial or self.best
        located = {reference: locate(reference) for reference in self.space.references}
        return recipe_yaml(
            self._recipe(record),
            record,
            self.space,
            located,
            lora_cache=adapters_dir(),
            file=file,
        )

    def _recipe(self, record: TrialRecord) -> Recipe:
        if isinstance(record, ScoredTrial):
            return record.recipe
        if record.recipe is None:
            raise InputError(
                f"trial {record.number} has no recipe: {record.result.message}",
                where=str(self.folder),
            )
        return record.recipe

    def _row(self, record: TrialRecord) -> dict[str, Any]:
        row: dict[str, Any] = {
            "stage": record.stage,
            "number": record.number,
            "kind": record.kind,
            "label": record.label,
            "state": "COMPLETE" if isinstance(record, ScoredTrial) else "FAIL",
            "failure": record.result.failure if isinstance(record, FailedTrial) else None,
            "merge_method": record.recipe.method if record.recipe else None,
            "recipe_id": record.recipe.recipe_id if record.recipe else None,
            "seconds": record.result.seconds.get("total"),
        }
        if isinstance(record, ScoredTrial):
            tasks = [task.task for task in record.result.scores.tasks]
            several = len(record.value) > 1
            named = zip(tasks, record.value, strict=False)
            row |= (
                {f"values_{task}": value for task, value in named}
                if several
                else {"value": record.value[0]}
            )
            row |= {f"scores_{task.task}": task.value for task in record.result.scores.tasks}
            row |= {"loss": record.gradient.loss} if record.gradient else {}
        return row | {f"params_{name}": value for name, value in record.params.items()}


def open_run(run: str | PathLike[str], runs_dir: str | PathLike[str] = "runs") -> OpenRun:
    """Open a run for reading.

    Args:
        run: Its folder, or its name under `runs_dir`.
        runs_dir: Folder of all runs.

    Raises:
        InputError: There is no such run, with the nearest match.
    """
    folder = run_folder(run, runs_dir)
    space, study = read_run(folder)
    return OpenRun(folder, space, study)


def run_folder(run: str | PathLike[str], runs_dir: str | PathLike[str]) -> Path:
    """Return the folder of a run, given as its name or as the folder itself."""
    given = Path(run)
    return given if given.is_dir() or len(given.parts) > 1 else Path(runs_dir) / given
