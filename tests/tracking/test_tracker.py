"""A search in MLflow: written once, whole, and again after the database is gone."""

import shutil
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Run

from evomerge.errors import Failure
from evomerge.evaluate.scores import Scores, TaskScore
from evomerge.recipe.recipe import Recipe
from evomerge.search.outcome import Outcome
from evomerge.search.record import FailedTrial, ScoredTrial, TrialRecord
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
            tracker.artifacts([])
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
        judgement=None,
        verdict="It wins.",
        n_recipes=len(records),
        failures={},
    )


@pytest.fixture
def session(tmp_path: Path, space: Space, empty_mlflow: Path) -> Session:
    shutil.copy(empty_mlflow, tmp_path)
    return Session(tmp_path, space)


def test_a_trial_is_a_child_run_with_all_that_was_measured(session: Session, space: Space) -> None:
    session.write([record(space, 0, 0.75)], finish=True)
    parent, (child,) = session.runs()
    assert child.data.params == {"merge_method": "ties", "ties.weight.a": "0.0"}
    assert child.data.metrics == {
        "toy/acc": 0.75,
        "objective": 0.75,
        "seconds/merge": 1.0,
        "seconds/score": 2.0,
        "seconds/total": 3.5,
    }
    assert child.data.tags["evomerge.parents"] == "org/base, org/a"
    assert child.data.tags["evomerge.base"] == "org/base"
    assert child.info.status == "FINISHED"
    assert child.info.end_time - child.info.start_time == 3500
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["mlflow.note.content"] == "It wins."
    assert parent.data.metrics["best_objective"] == 0.75
    client = mlflow.MlflowClient(f"sqlite:///{session.root / 'mlflow.db'}")
    path = client.download_artifacts(child.info.run_id, "recipe.yaml")
    assert Recipe.from_yaml(Path(path).read_text()) == record(space, 0).recipe


def test_a_failure_has_its_name(session: Session, space: Space) -> None:
    session.write([record(space, 0, None)])
    parent, (child,) = session.runs()
    assert child.info.status == "FAILED"
    assert child.data.tags["evomerge.failure"] == "nan_weights"
    assert parent.info.status == "KILLED"


def test_a_resumed_session_adds_only_what_is_missing(session: Session, space: Space) -> None:
    records = [record(space, number) for number in range(4)]
    session.write(records[:2])
    session.write(records, earlier=3, finish=True)
    parent, children = session.runs()
    assert [r.data.tags["evomerge.number"] for r in children] == ["0", "1", "2", "3"]
    assert parent.info.status == "FINISHED"


def test_it_is_rebuilt_after_the_database_is_gone(session: Session, space: Space) -> None:
    records = [record(space, number) for number in range(3)]
    session.write(records)
    client = mlflow.MlflowClient(f"sqlite:///{session.root / 'mlflow.db'}")
    client.delete_run(session.runs()[0].info.run_id)
    session.write(records, earlier=3)
    (session.root / "mlflow.db").rename(session.root / "gone.db")
    (session.folder / "mlflow_run_id").write_text("unknown\n")
    other = Session(session.root / "elsewhere", space)
    (other.folder / "mlflow_run_id").write_text("unknown\n")
    other.write(records, earlier=3)
    assert len(other.runs()[1]) == 3
    assert session.warnings == other.warnings == []


def test_names_that_mlflow_refuses_are_mended(session: Session, space: Space) -> None:
    odd = replace(record(space, 0), params={"w[zoo://x/y]": 1, "w[a+b]": 2, "w[a@b]": 3})
    session.write([odd])
    assert session.runs()[1][0].data.params == {
        "merge_method": "ties",
        "w.zoo_x/y": "1",
        "w.a_b": "2",
        "w.a_b-2": "3",
    }


def test_an_unusable_database_costs_one_warning(session: Session, space: Space) -> None:
    (session.root / "mlflow.db").write_text("this is no database, and long enough to be read")
    session.write([record(space, 0), record(space, 1)])
    assert len(session.warnings) == 1
    assert "the search goes on" in session.warnings[0]
