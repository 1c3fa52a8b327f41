"""Sessions of a tracked search, on a real database."""

import shutil
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run

from evomerge.errors import Failure
from evomerge.evaluate.scores import Scores, TaskScore
from evomerge.search.finals.outcome import Outcome
from evomerge.search.records.record import FailedTrial, ScoredTrial, TrialRecord
from evomerge.space.reading.load import read_space
from evomerge.space.space import Space
from evomerge.tracking.tracker import Tracker
from evomerge.workers.protocol import Failed, Scored

SPACE = """\
models: {base: org/base, a: org/a}
recipes:
  - merge_method: ties
    base_model: base
    models: [{model: a, parameters: {weight: {float: [0, 1]}}}]
evaluate: {tasks: [{task: toy, metric: acc}]}
"""


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return read_space("name: tracked\n" + SPACE, tmp_path / "tracked.yaml")


def record(space: Space, number: int, value: float | None = 0.5) -> TrialRecord:
    params = {"ties.weight[a]": number / 10}
    begun = {"number": number, "stage": "search", "kind": "sampled", "label": f"trial {number}"}
    how = {"key": f"search-{number}", "seconds": {"merge": 1.0, "score": 2.0, "total": 3.5}}
    recipe = space.recipe(params)
    if value is None:
        failed = Failed(**how, failure=Failure.NAN_WEIGHTS, message="")
        return FailedTrial(**begun, params=params, recipe=recipe, result=failed)
    scores = Scores("quick", (TaskScore("toy", "acc", value, (0,), (value,)),))
    scored = Scored(**how, scores=scores)
    return ScoredTrial(**begun, params=params, recipe=recipe, result=scored, value=(value,))


class Session:
    """One session of a tracked search."""

    def __init__(self, root: Path, space: Space) -> None:
        self.root, self.space = root, space
        self.folder = root / "runs" / space.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.warnings: list[str] = []

    def write(self, records: list[TrialRecord], *, earlier: int = 0, finish: bool = False) -> None:
        tracker = Tracker(self.root / "runs", self.warnings.append)
        tracker.on_start(self.folder, self.space, records[:earlier])
        for one in records[earlier:]:
            tracker.on_record(one, None)  # type: ignore[arg-type]
        if finish:
            tracker.on_finish(outcome(records))
            best, report = self.folder / "best.yaml", self.folder / "report.md"
            best.write_text("recipe")
            report.write_text("report")
            tracker.on_report(best, report)
        tracker.close()

    def runs(self) -> tuple[Run, list[Run]]:
        client = mlflow.MlflowClient(f"sqlite:///{self.root / 'mlflow.db'}")
        experiment = client.get_experiment_by_name(self.space.name)
        runs = client.search_runs([experiment.experiment_id])
        parents = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
        children = [r for r in runs if "mlflow.parentRunId" in r.data.tags]
        assert len(parents) == 1
        assert {r.data.tags["mlflow.parentRunId"] for r in children} == {parents[0].info.run_id}
        return parents[0], sorted(children, key=lambda r: int(r.data.tags["evomerge.number"]))


def outcome(records: list[TrialRecord]) -> Outcome:
    return Outcome(
        winner=records[0],
        finalists=(records[0],),
        confirmed=(),
        held_out=(),
        best_parent=None,
        best_blend=None,
        judgement=None,
        verdict="It wins.",
        n_recipes=len(records),
        failures={},
    )


@pytest.fixture
def session(tmp_path: Path, space: Space, empty_mlflow: Path) -> Session:
    shutil.copy(empty_mlflow, tmp_path)
    return Session(tmp_path, space)
