"""A real worker that dawdles, to be killed meanwhile."""

import os
import time
from pathlib import Path

from evomerge.workers.protocol import Job, TrialResult, WorkerSpec
from evomerge.workers.worker import Worker


class WaitsOnce(Worker):
    """A real worker that, the first time it is given a job, says where it runs and waits."""

    def __init__(self, spec: WorkerSpec) -> None:
        super().__init__(spec)
        self._note = Path(spec.cache) / "pid"

    def run(self, job: Job) -> TrialResult:
        if not self._note.exists():
            draft = self._note.with_suffix(".draft")
            draft.write_text(str(os.getpid()))
            draft.rename(self._note)
            time.sleep(60)
        return super().run(job)
