"""Write a search to MLflow as it goes: one run for the search, a child run for each trial."""

import os
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from evomerge.files import one_at_a_time
from evomerge.search.events import Progress
from evomerge.search.finals.outcome import Outcome
from evomerge.search.records.record import Stage, TrialRecord
from evomerge.space.space import Space
from evomerge.tracking.runs import SearchRun
from evomerge.tracking.view import how_to_open

_RUN_ID = "mlflow_run_id"
_PICTURE = "weights.png"
"""The picture that a report may show, beside it."""
_CLOSE_S = 60
_HASTE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}


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
        for variable, value in _HASTE.items():
            os.environ.setdefault(variable, value)
        self._beside = runs_dir.absolute().parent
        self._uri = os.environ.get("MLFLOW_TRACKING_URI")
        self._warn = warn
        self._run: SearchRun | None = None
        self._broken = self._closed = False
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="mlflow", daemon=True)
        self._thread.start()

    def how_to_open(self) -> str:
        """Return the command, and the page, that show the search in MLflow."""
        experiment = self._run.experiment if self._run else None
        return how_to_open(self._uri, self._beside / "mlflow.db", experiment)

    def on_start(self, folder: Path, space: Space, earlier: Sequence[TrialRecord]) -> None:
        """Open the search's run, or go on with it, and write the trials that are missing."""
        self._jobs.put(lambda: self._open(folder, space))
        for record in earlier:
            self._write(lambda run, record=record: run.trial(record))  # type: ignore[misc]

    def on_stage(self, stage: Stage, planned: int) -> None:
        """Do nothing: stages show as tags of the trials."""

    def on_record(self, record: TrialRecord, progress: Progress) -> None:
        """Write a trial."""
        self._write(lambda run: run.trial(record))

    def on_note(self, text: str) -> None:
        """Do nothing."""

    def on_finish(self, outcome: Outcome) -> None:
        """Write the verdict."""
        self._write(lambda run: run.verdict(outcome))

    def on_report(self, best: Path, report: Path) -> None:
        """Attach the files and the picture to the search's run, and mark it as finished."""
        picture = report.with_name(_PICTURE)
        files = [best, report, *([picture] if picture.exists() else [])]
        self._write(lambda run: run.finish(files))

    def close(self) -> None:
        """Write what is left, for a minute at most, and stop. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._write(lambda run: run.end())
        self._jobs.put(None)
        self._thread.join(_CLOSE_S)
        if self._thread.is_alive():
            self._warn("MLflow is slow: what is not written yet, --resume writes later")

    def _open(self, folder: Path, space: Space) -> None:
        uri = self._uri or f"sqlite:///{self._beside / 'mlflow.db'}"
        file = folder / _RUN_ID
        known = file.read_text().strip() if file.exists() else None
        with one_at_a_time(self._beside / "mlflow.db"):  # concurrent first contact fails
            self._run = SearchRun(uri, self._beside / "mlartifacts", space, known)
        file.write_text(self._run.run_id + "\n")

    def _write(self, what: Callable[[SearchRun], None]) -> None:
        """Have something written to the search's run, if one is open by then."""

        def job() -> None:
            if self._run is not None:
                what(self._run)

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
                self._broken = self._run is None or not isinstance(error, MlflowException)
                reason = str(error).strip().splitlines()[0]
                self._warn(
                    f"MLflow cannot be written, the search goes on: {reason} "
                    "(--resume writes what is missing)"
                )
