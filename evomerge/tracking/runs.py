"""A search as MLflow runs: one of its own, and a child for each trial."""

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from evomerge.search.finals.outcome import Outcome
from evomerge.search.records.record import FailedTrial, ScoredTrial, TrialRecord
from evomerge.space.space import Space
from evomerge.tracking.projection import (
    NUMBER,
    STAGE,
    allowed,
    outcome_metrics,
    outcome_tags,
    run_name,
    search_params,
    search_tags,
    trial_metrics,
    trial_params,
    trial_tags,
)
from evomerge.tracking.view import VIEW_TAG, trials_view


class SearchRun:
    """The search's MLflow run, and its children. Writing a trial twice changes nothing.

    Args:
        uri: Tracking address.
        artifacts: Folder for artifacts, where the address is a database.
        space: What is searched; its name is the experiment's.
        run_id: The run of an earlier session; a new one is made where that is gone.

    Raises:
        MlflowException: The database cannot be written, or the server not reached.
    """

    def __init__(self, uri: str, artifacts: Path, space: Space, run_id: str | None) -> None:
        self._client = MlflowClient(tracking_uri=uri)
        self._space = space
        self._holes = {p.name: p.of.path for p in space.parameters() if p.of is not None}
        self.experiment = self._open_experiment(uri, artifacts)
        self._client.set_experiment_tag(self.experiment, VIEW_TAG, trials_view(space))
        self._status = "KILLED"
        self.run_id = self._open_run(run_id)
        self._written = self._children()
        self._best: float | None = None

    def _open_experiment(self, uri: str, artifacts: Path) -> str:
        found = self._client.get_experiment_by_name(self._space.name)
        if found is not None and found.lifecycle_stage == "active":
            return str(found.experiment_id)
        if found is not None:
            self._client.restore_experiment(found.experiment_id)
            return str(found.experiment_id)
        local = artifacts / self._space.name
        location = local.as_uri() if uri.startswith("sqlite:") else None
        return str(self._client.create_experiment(self._space.name, artifact_location=location))

    def _open_run(self, run_id: str | None) -> str:
        from mlflow.exceptions import MlflowException

        if run_id is not None:
            try:
                run = self._client.get_run(run_id)
            except MlflowException:
                run = None  # the database was deleted: write everything anew
            if run is not None and run.info.experiment_id == self.experiment:
                if run.info.lifecycle_stage != "active":
                    self._client.restore_run(run_id)
                self._client.update_run(run_id, status="RUNNING")
                return run_id
        space = self._space
        made = self._client.create_run(self.experiment, run_name=f"search {space.name}")
        found = str(made.info.run_id)
        self._client.log_batch(
            found, params=_params(search_params(space)), tags=_tags(search_tags(space))
        )
        self._client.log_text(found, space.source, "space.yaml")
        return found

    def _children(self) -> set[tuple[str, str]]:
        """Return stage and number of the trials that are written whole."""
        written: set[tuple[str, str]] = set()
        token = None
        while True:
            page = self._client.search_runs(
                [self.experiment],
                f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{self.run_id}'",
                max_results=1000,
                page_token=token,
            )
            for run in page:
                if run.info.status == "RUNNING":
                    self._client.delete_run(run.info.run_id)  # cut off in the middle
                else:
                    written.add((run.data.tags[STAGE], run.data.tags[NUMBER]))
            token = page.token
            if not token:
                return written

    def trial(self, record: TrialRecord) -> None:
        """Write a trial as a child run, unless it is there."""
        self._incumbent(record)
        if (record.stage, str(record.number)) in self._written:
            return
        ended = time.time()
        began = ended - record.result.seconds.get("total", 0.0)
        name = run_name(record)
        tags = {
            MLFLOW_PARENT_RUN_ID: self.run_id,
            MLFLOW_RUN_NAME: name,
            **trial_tags(record),
        }
        now = int(ended * 1000)
        run = self._client.create_run(
            self.experiment, start_time=int(began * 1000), tags=tags, run_name=name
        )
        run_id = run.info.run_id
        metrics = [Metric(key, value, now, 0) for key, value in trial_metrics(record).items()]
        self._client.log_batch(
            run_id, metrics=metrics, params=_params(trial_params(record, self._holes))
        )
        if record.recipe is not None:
            self._client.log_text(run_id, record.recipe.to_yaml(), "recipe.yaml")
        if isinstance(record, ScoredTrial):
            text = json.dumps(record.result.scores.to_json(), indent=1)
            self._client.log_text(run_id, text, "scores.json")
        status = "FINISHED" if isinstance(record, ScoredTrial) else "FAILED"
        self._client.set_terminated(run_id, status, end_time=now)
        self._written.add((record.stage, str(record.number)))

    def _incumbent(self, record: TrialRecord) -> None:
        """Draw the search's course on its own run: each trial's objective, and the best so far."""
        if isinstance(record, FailedTrial) or record.stage != "search" or len(record.value) != 1:
            return
        value = record.value[0]
        self._best = value if self._best is None else max(self._best, value)
        if (record.stage, str(record.number)) in self._written:
            return
        now = int(time.time() * 1000)
        metrics = [
            Metric("trial_objective", value, now, record.number),
            Metric("best_objective", self._best, now, record.number),
        ]
        self._client.log_batch(self.run_id, metrics=metrics)

    def verdict(self, outcome: Outcome) -> None:
        """Write what the search found."""
        now = int(time.time() * 1000)
        self._client.log_batch(
            self.run_id,
            metrics=[Metric(key, value, now, 0) for key, value in outcome_metrics(outcome).items()],
            tags=_tags(outcome_tags(outcome)),
        )

    def finish(self, paths: Iterable[Path]) -> None:
        """Attach files to the search's run, and count it as finished."""
        for path in paths:
            self._client.log_artifact(self.run_id, str(path))
        self._status = "FINISHED"

    def end(self) -> None:
        """End the session: the search's run is FINISHED, or KILLED until it is resumed."""
        self._client.set_terminated(self.run_id, self._status)


def _params(values: Mapping[str, object]) -> list[Param]:
    return [Param(name, text) for name, text in allowed(values).items()]


def _tags(values: Mapping[str, str]) -> list[RunTag]:
    return [RunTag(key, value) for key, value in values.items()]
