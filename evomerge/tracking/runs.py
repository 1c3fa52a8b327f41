"""A search in MLflow's terms: runs, parameters, metrics, tags and artifacts."""

import json
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME, MLFLOW_RUN_NOTE

from evomerge.search.outcome import Outcome
from evomerge.search.record import FailedTrial, ScoredTrial, TrialRecord
from evomerge.space.space import Space
from evomerge.tracking.view import VIEW_TAG, trials_view

_STAGE, _NUMBER = "evomerge.stage", "evomerge.number"


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
        params = {
            "sampler": space.search.sampler,
            "seed": space.search.seed,
            "objective": space.objective,
            "recipes": ", ".join(t.label for t in space.templates),
            "tasks": ", ".join(f"{t.task}/{t.metric}" for t in space.evaluate.tasks),
            "documents": f"quick {space.evaluate.quick}, confirm {space.evaluate.confirm}, "
            f"held out {space.evaluate.held_out}",
        }
        tags = {
            "evomerge.kind": "search",
            "evomerge.base": space.base or "",
            "evomerge.parents": ", ".join(space.references),
        }
        self._client.log_batch(found, params=_params(params), tags=_tags(tags))
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
                    written.add((run.data.tags[_STAGE], run.data.tags[_NUMBER]))
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
        name = record.label if record.stage in ("generation0", "search") else _later(record)
        tags = {
            MLFLOW_PARENT_RUN_ID: self.run_id,
            MLFLOW_RUN_NAME: name,
            _STAGE: record.stage,
            _NUMBER: str(record.number),
            "evomerge.kind": record.kind,
            **_lineage(record),
        }
        now = int(ended * 1000)
        run = self._client.create_run(
            self.experiment, start_time=int(began * 1000), tags=tags, run_name=name
        )
        run_id = run.info.run_id
        metrics = [Metric(key, value, now, 0) for key, value in _metrics(record).items()]
        params = {"merge_method": record.recipe.method} if record.recipe else {}
        self._client.log_batch(run_id, metrics=metrics, params=_params({**params, **record.params}))
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
        winner = _lineage(outcome.winner)
        tags = {
            MLFLOW_RUN_NOTE: outcome.verdict,
            "evomerge.verdict": outcome.verdict,
            "evomerge.winner": outcome.winner.label,
            **{f"evomerge.winner.{k.partition('.')[2]}": v for k, v in winner.items()},
        }
        metrics = {"recipes": float(outcome.n_recipes), "failed": float(outcome.n_failed)}
        judgement = outcome.judgement
        if judgement and judgement.over_parent:
            metrics["held_out/gain_over_best_parent"] = judgement.over_parent.gain.gain
        if judgement and judgement.over_blend:
            metrics["held_out/gain_over_best_blend"] = judgement.over_blend.gain.gain
        now = int(time.time() * 1000)
        self._client.log_batch(
            self.run_id,
            metrics=[Metric(key, value, now, 0) for key, value in metrics.items()],
            tags=_tags(tags),
        )

    def finish(self, paths: Iterable[Path]) -> None:
        """Attach files to the search's run, and count it as finished."""
        for path in paths:
            self._client.log_artifact(self.run_id, str(path))
        self._status = "FINISHED"

    def end(self) -> None:
        """End the session: the search's run is FINISHED, or KILLED until it is resumed."""
        self._client.set_terminated(self.run_id, self._status)


def _later(record: TrialRecord) -> str:
    return f"{record.stage.replace('_', ' ')}: {record.label}"


def _lineage(record: TrialRecord) -> dict[str, str]:
    """Return what a model made by this recipe descends from."""
    tags: dict[str, str] = {}
    if record.recipe is not None:
        base = record.recipe.document.get("base_model")
        tags |= {
            "evomerge.recipe_id": record.recipe.recipe_id,
            "evomerge.parents": ", ".join(record.recipe.models),
            "evomerge.base": base if isinstance(base, str) else "",
        }
    if isinstance(record, ScoredTrial) and record.twin:
        tags["evomerge.duplicate_of"] = f"{record.twin.stage} {record.twin.number}"
    if isinstance(record, FailedTrial):
        tags |= {
            "evomerge.failure": str(record.result.failure),
            "evomerge.message": record.result.message[:5000],
        }
    return tags


def _metrics(record: TrialRecord) -> dict[str, float]:
    metrics = {f"seconds/{stage}": value for stage, value in record.result.seconds.items()}
    if isinstance(record, FailedTrial):
        return metrics
    scores = record.result.scores
    metrics |= {f"{t.task}/{_name(t.metric)}": t.value for t in scores.tasks}
    metrics |= {f"guard/{name}": share for name, share in scores.guards.items()}
    if len(record.value) == 1:
        quick = record.documents == "quick"
        metrics["objective" if quick else f"{record.documents}/objective"] = record.value[0]
    return metrics


def _name(key: str) -> str:
    """Return a key as MLflow allows it: `weight[rev]` becomes `weight.rev`."""
    plain = key.replace("://", "_").replace("[", ".").replace("]", "")
    allowed = "".join(c if c.isalnum() or c in "_-. /" else "_" for c in plain)
    return allowed.strip("/")[:250]


def _params(values: Mapping[str, object]) -> list[Param]:
    """Return parameters with names that MLflow allows and no two of which are the same."""
    named: dict[str, str] = {}
    for key, value in values.items():
        name, copy = _name(key), 2
        while name in named:
            name, copy = f"{_name(key)}-{copy}", copy + 1
        named[name] = str(value)[:6000]
    return [Param(name, value) for name, value in named.items()]


def _tags(values: Mapping[str, str]) -> list[RunTag]:
    return [RunTag(key, value) for key, value in values.items()]
