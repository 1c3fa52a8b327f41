"""A real worker that dawdles, to be killed meanwhile."""

import os
import time
from pathlib import Path

from evomerge.workers.protocol import Job, TrialResult
from evomerge.workers.worker import Worker


class WaitsOnce(Worker):
    """A real worker that, the first time it is given a job, says where it runs and waits."""

    def run(self, job: Job) -> TrialResult:
        note = Path(self._spec.cache) / "pid"
        if not note.exists():
            note.with_suffix(".draft").write_text(str(os.getpid()))
            note.with_suffix(".draft").rename(note)
            time.sleep(60)
        return super().run(job)
