"""The pool of one: trials run in this process, one after the other."""

from evomerge.workers.protocol import Job, TrialResult, WorkerSpec
from evomerge.workers.worker import Worker


class LocalPool:
    """Runs jobs in the calling thread, inside `next_result`.

    Args:
        spec: What the worker is built from, at the first job.
    """

    def __init__(self, spec: WorkerSpec) -> None:
        self._spec = spec
        self._worker: Worker | None = None
        self._job: Job | None = None

    @property
    def capacity(self) -> int:
        """One."""
        return 1

    def submit(self, job: Job) -> None:
        """Keep the job for `next_result`."""
        if self._job is not None:
            raise RuntimeError("a job is in flight already")
        self._job = job

    def next_result(self) -> TrialResult:
        """Run the job and return what came of it.

        Raises:
            InputError: Model files or tasks are wrong.
            PlatformError: The machine stands in the way.
        """
        if self._job is None:
            raise RuntimeError("no job is in flight")
        if self._worker is None:
            self._worker = Worker(self._spec)
        job, self._job = self._job, None
        return self._worker.run(job)

    def close(self) -> None:
        """Forget the worker and its models."""
        self._worker = self._job = None
