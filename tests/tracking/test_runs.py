"""What MLflow holds of a search."""

from dataclasses import replace
from pathlib import Path

import mlflow

from evomerge.errors import Failure
from evomerge.recipe.recipe import Recipe
from evomerge.report.picture import PICTURE
from evomerge.space.space import Space

from .conftest import Session, record


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
    assert child.data.tags["evomerge.advice"] == Failure.NAN_WEIGHTS.advice
    assert parent.info.status == "KILLED"


def test_names_that_mlflow_refuses_are_mended(session: Session, space: Space) -> None:
    odd = replace(record(space, 0), params={"w[zoo://x/y]": 1, "w[a+b]": 2, "w[a@b]": 3})
    session.write([odd])
    assert session.runs()[1][0].data.params == {
        "merge_method": "ties",
        "w.zoo_x/y": "1",
        "w.a_b": "2",
        "w.a_b-2": "3",
    }


def test_the_runs_own_picture_is_attached_and_no_other(session: Session, space: Space) -> None:
    for name in (PICTURE, "mine.png"):
        (session.folder / name).write_bytes(b"picture")
    session.write([record(space, 0, 0.75)], finish=True)
    parent, _ = session.runs()
    client = mlflow.MlflowClient(f"sqlite:///{session.root / 'mlflow.db'}")
    attached = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert PICTURE in attached
    assert "mine.png" not in attached
