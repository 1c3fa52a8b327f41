"""Write a search to MLflow as it goes: one run for the search, a child run for each trial."""

import logging
import os
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from evomerge.search.events import Progress
from evomerge.search.outcome import Outcome
from evomerge.search.record import Stage, TrialRecord
from evomerge.space.space import Space
from evomerge.tracking.runs import SearchRun

_RUN_ID = "mlflow_run_id"


class Tracker:
    """A listener that writes to MLflow in a thread of its own, so that no trial waits for it.

    MLflow is a projection of the study: when it cannot be written, the search goes on, and the
    next resumed session writes what is missing.

    Args:
        runs_dir: Folder of all runs; the database is `mlflow.db` beside it, unless
            `MLFLOW_TRACKING_URI` is set.
        warn: Told once, in plain words, when MLflow cannot be written.
    """

    def __init__(self, runs_dir: Path, warn: Callable[[str], None]) -> None:
        beside = runs_dir.absolute().parent
        self._database = beside / "mlflow.db"
        self._artifacts = beside / "mlartifacts"
        self._warn = warn
        self._run: SearchRun | None = None
        self._broken = False
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="mlflow", daemon=True)
        self._thread.start()

    @property
    def uri(self) -> str:
        """The tracking address, for `mlflow ui --backend-store-uri`."""
        return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{_short(self._database)}"

    def on_start(self, folder: Path, space: Space, earlier: Sequence[TrialRecord]) -> None:
        """Open the search's run, or go on with it, and write the trials that are missing."""
        self._do(lambda: self._open(folder, space, list(earlier)))

    def on_stage(self, stage: Stage, planned: int) -> None:
        """Do nothing: stages show as tags of the trials."""

    def on_record(self, record: TrialRecord, progress: Progress) -> None:
        """Write a trial."""
        self._do(lambda: self._opened().trial(record))

    def on_note(self, text: str) -> None:
        """Do nothing."""

    def on_finish(self, outcome: Outcome) -> None:
        """Write the verdict and end the search's run."""
        self._do(lambda: self._opened().finish(outcome))

    def artifacts(self, paths: Sequence[Path]) -> None:
        """Attach files to the search's run."""
        self._do(lambda: self._opened().artifacts(list(paths)))

    def close(self) -> None:
        """Write what is left and stop. Idempotent."""
        if self._thread.is_alive():
            self._jobs.put(None)
            self._thread.join()

    def _open(self, folder: Path, space: Space, earlier: list[TrialRecord]) -> None:
        logging.getLogger("mlflow").setLevel(logging.ERROR)
        logging.getLogger("alembic").setLevel(logging.ERROR)
        uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{self._database}"
        file = folder / _RUN_ID
        known = file.read_text().strip() if file.exists() else None
        self._run = SearchRun(uri, self._artifacts, space, known)
        file.write_text(self._run.run_id + "\n")
        for record in earlier:
            self._run.trial(record)

    def _opened(self) -> SearchRun:
        assert self._run is not None
        return self._run

    def _do(self, job: Callable[[], None]) -> None:
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            if self._broken:
                continue
            from mlflow.exceptions import MlflowException
            from sqlalchemy.exc import SQLAlchemyError

            try:
                job()
            except (MlflowException, SQLAlchemyError, OSError) as error:
                self._broken = True
                reason = str(error).strip().splitlines()[0]
                self._warn(
                    f"MLflow cannot be written, the search goes on without it: {reason} "
                    "(--resume writes what is missing)"
                )


def _short(path: Path) -> str:
    """Return a path from here where that is shorter: `sqlite:///` takes both."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
