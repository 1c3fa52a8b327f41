"""A search in MLflow: written once, whole, and again after the database is gone."""

import mlflow

from evomerge.space.space import Space

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
