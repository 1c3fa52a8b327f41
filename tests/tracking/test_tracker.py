"""A search in MLflow: written once, whole, and again after the database is gone."""

import mlflow
import pytest

from evomerge.files import one_at_a_time
from evomerge.space.space import Space
from evomerge.tracking import tracker as tracker_module
from evomerge.tracking.tracker import Tracker

from .conftest import Session, record


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


def test_an_unusable_database_costs_one_warning(session: Session, space: Space) -> None:
    (session.root / "mlflow.db").write_text("this is no database, and long enough to be read")
    session.write([record(space, 0), record(space, 1)])
    assert len(session.warnings) == 1
    assert "the search goes on" in session.warnings[0]


def test_a_session_that_never_began_leaves_nothing(session: Session) -> None:
    tracker = Tracker(session.root / "runs", session.warnings.append)
    tracker.close()
    tracker.close()
    assert session.warnings == []
    assert "mlflow ui" in tracker.how_to_open()


def test_a_slow_database_is_waited_for_once(
    session: Session, space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker_module, "_CLOSE_S", 0.01)
    tracker = Tracker(session.root / "runs", session.warnings.append)
    with one_at_a_time(session.root / "mlflow.db"):
        tracker.on_start(session.folder, space, [])
        tracker.close()
        tracker.close()
        assert session.warnings == [
            "MLflow is slow: what is not written yet, --resume writes later"
        ]
    tracker._thread.join()
