"""The pool of one: trials run in this process, one after the other."""

from collections.abc import Callable
from dataclasses import replace

from evomerge.workers.protocol import (
    Job,
    RunsJobs,
    TrialResult,
    WorkerSpec,
    retried,
    short_of_memory,
)
from evomerge.workers.worker import Worker


class LocalPool:
    """Runs jobs in the calling thread, inside `next_result`.

    Args:
        spec: What the worker is built from, at the first job.
        make_worker: Builds the worker.
    """

    def __init__(
        self, spec: WorkerSpec, make_worker: Callable[[WorkerSpec], RunsJobs] = Worker
    ) -> None:
        self._spec, self._make_worker = spec, make_worker
        self._worker: RunsJobs | None = None
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
        """Run the job and return what came of it; out of memory, try once a smaller batch.

        Raises:
            InputError: Model files or tasks are wrong.
            PlatformError: The machine stands in the way.
        """
        if self._job is None:
            raise RuntimeError("no job is in flight")
        if self._worker is None:
            self._worker = self._make_worker(self._spec)
        job, self._job = self._job, None
        result = self._worker.run(job)
        if short_of_memory(result) and (again := retried(job, 0)):
            result = replace(self._worker.run(again), retries=1)
        return result

    def close(self) -> None:
        """Forget the worker and its models."""
        self._worker = self._job = None
