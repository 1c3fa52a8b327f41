"""The pool of many: each worker is a Ray actor, a process that can be lost and replaced."""

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray
from ray.exceptions import OutOfMemoryError, RayActorError, RayTaskError

from evomerge.errors import EvomergeError, Failure, PlatformError
from evomerge.workers.protocol import Job, TrialResult, WorkerSpec

_RETRIES = 1
_BUILDS_LOST = 3
_OBJECT_STORE_BYTES = 100 * 2**20


class RunsJobs(Protocol):
    """What an actor holds: a worker."""

    def run(self, job: Job) -> TrialResult:
        """Merge and score one recipe."""
        ...


class _Actor:
    """The process around a worker, which a call builds so that errors arrive as they are.

    Ctrl-C does not reach it: Ray blocks SIGINT in the processes it starts.
    """

    def build(self, make_worker: Callable[[WorkerSpec], RunsJobs], spec: WorkerSpec) -> None:
        self._worker = make_worker(spec)

    def run(self, job: Job) -> TrialResult:
        return self._worker.run(job)


@dataclass
class _Slot:
    """One worker's place: the actor in it, and the job it is at."""

    name: str
    actor: Any = None
    building: Any = None
    job: Job | None = None
    result: Any = None
    retries: int = 0
    since_s: float = 0.0


class RayPool:
    """Runs jobs on Ray actors of a cluster of this machine, started for it if there is none.

    An actor that dies is replaced and its job handed out once more; after that the job fails
    as `WORKER_DIED`. One that takes longer than `timeout_s` over a job is killed and
    replaced, and the job fails as `TIME_LIMIT`.

    Args:
        spec: What each worker is built from.
        make_worker: Builds a worker inside its actor; picklable. None for `Worker`.

    Raises:
        PlatformError: The machine lacks the GPUs asked for.
    """

    def __init__(
        self, spec: WorkerSpec, make_worker: Callable[[WorkerSpec], RunsJobs] | None = None
    ) -> None:
        self._spec, self._make_worker = spec, make_worker or _real_worker
        self._builds_lost = 0
        self._owns_cluster = not ray.is_initialized()
        if self._owns_cluster:
            ray.init(
                address="local",
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.CRITICAL,
                object_store_memory=_OBJECT_STORE_BYTES,
            )
        self._check_gpus()
        self._slots = [_Slot(f"ray-{i}") for i in range(spec.workers.count)]

    @property
    def capacity(self) -> int:
        """The number of actors."""
        return len(self._slots)

    def submit(self, job: Job) -> None:
        """Hand a job to a free actor, which is started if need be."""
        free = [slot for slot in self._slots if slot.job is None]
        if not free:
            raise RuntimeError("every worker has a job already")
        slot = next((slot for slot in free if slot.actor), free[0])
        slot.job, slot.retries = job, 0
        self._dispatch(slot)

    def next_result(self) -> TrialResult:
        """Wait for the next finished job.

        Raises:
            InputError: A worker could not be built: model files or tasks are wrong.
            PlatformError: The machine stands in the way, or workers die as they start.
        """
        while True:
            waiting = {slot.building or slot.result: slot for slot in self._slots if slot.job}
            if not waiting:
                raise RuntimeError("no job is in flight")
            ready, _ = ray.wait(list(waiting), num_returns=1, timeout=self._patience_s())
            finished = self._advance(waiting[ready[0]]) if ready else self._stop_overdue()
            if finished:
                return finished

    def close(self) -> None:
        """Kill every actor, and the cluster if this pool started it."""
        for slot in self._slots:
            self._kill(slot)
        self._slots = []
        if self._owns_cluster and ray.is_initialized():
            ray.shutdown()

    def _dispatch(self, slot: _Slot) -> None:
        if slot.actor is None:
            options = {"num_cpus": 0, "num_gpus": self._spec.workers.gpus}
            slot.actor = ray.remote(_Actor).options(**options).remote()
            slot.building = slot.actor.build.remote(self._make_worker, self._spec)
        slot.result = slot.actor.run.remote(slot.job)
        slot.since_s = time.monotonic()

    def _advance(self, slot: _Slot) -> TrialResult | None:
        """Take the slot's next step; return its job's result if that was the last one."""
        assert slot.job is not None
        try:
            value = ray.get(slot.building or slot.result)
        except (RayActorError, OutOfMemoryError) as error:
            return self._replace_dead(slot, error)
        except RayTaskError as error:
            if isinstance(error.cause, EvomergeError):
                raise error.cause from None
            raise
        if slot.building:
            slot.building, slot.since_s = None, time.monotonic()
            self._builds_lost = 0
            return None
        slot.job = slot.result = None
        done: TrialResult = value
        return replace(done, worker=slot.name, retries=slot.retries)

    def _replace_dead(self, slot: _Slot, error: Exception) -> TrialResult | None:
        if slot.building:
            self._builds_lost += 1
            if self._builds_lost >= _BUILDS_LOST:
                raise PlatformError(
                    "workers die while they load the models",
                    where="workers",
                    help="most often memory is short: lower workers.count, or use smaller models",
                ) from error
        self._kill(slot)
        if slot.retries < _RETRIES:
            slot.retries += 1
            self._dispatch(slot)
            return None
        return self._failed(slot, Failure.WORKER_DIED, "the worker's process died twice")

    def _stop_overdue(self) -> TrialResult | None:
        limit_s = self._spec.workers.timeout_s
        for slot in self._slots:
            if limit_s and slot.job and not slot.building:
                if time.monotonic() - slot.since_s >= limit_s:
                    self._kill(slot)
                    return self._failed(slot, Failure.TIME_LIMIT, f"took over {limit_s:g} s")
        return None

    def _failed(self, slot: _Slot, failure: Failure, message: str) -> TrialResult:
        assert slot.job is not None
        key, slot.job = slot.job.key, None
        return TrialResult(key, None, failure, message, worker=slot.name, retries=slot.retries)

    def _kill(self, slot: _Slot) -> None:
        if slot.actor is not None:
            with suppress(ValueError):
                ray.kill(slot.actor)
        slot.actor = slot.building = slot.result = None

    def _patience_s(self) -> float | None:
        """Seconds until the first job is overdue; None to wait for as long as it takes."""
        limit_s = self._spec.workers.timeout_s
        if limit_s is None:
            return None
        now = time.monotonic()
        running = [slot for slot in self._slots if slot.job and not slot.building]
        return max(0.0, min((s.since_s + limit_s - now for s in running), default=limit_s))

    def _check_gpus(self) -> None:
        needed = self._spec.workers.gpus * self._spec.workers.count
        present = ray.cluster_resources().get("GPU", 0.0)  # type: ignore[no-untyped-call]
        if needed > present:
            self._slots = []
            self.close()
            raise PlatformError(
                f"{self._spec.workers.count} workers need {needed:g} GPUs, got {present:g}",
                where="workers.gpus",
                help="lower workers.count, share GPUs with a fraction, or set workers.gpus to 0",
            )


def _real_worker(spec: WorkerSpec) -> RunsJobs:
    from evomerge.workers.worker import Worker

    return Worker(spec)
