"""The pool of many: each worker is a Ray actor, a process that can be lost and replaced."""

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import ray
from ray.exceptions import (
    GetTimeoutError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayTaskError,
)

from evomerge.errors import EvomergeError, Failure, InputError, PlatformError
from evomerge.quiet import own_process
from evomerge.workers import cluster
from evomerge.workers.protocol import (
    Failed,
    Job,
    RunsJobs,
    TrialResult,
    WorkerSpec,
    retried,
    short_of_memory,
)

_BIRTHS, _ANSWER_S, _LONELY_S = 3, 10, 120
_LOST = (RayActorError, OutOfMemoryError, NodeDiedError, ObjectLostError)


class _Actor:
    """The process around a worker, which a call builds so that errors arrive as they are.

    Ctrl-C does not reach it: Ray blocks SIGINT in the processes it starts.
    """

    def __init__(self) -> None:
        own_process()

    def build(self, make_worker: Callable[[WorkerSpec], RunsJobs], spec: WorkerSpec) -> None:
        try:
            self._worker = make_worker(spec)
        except InputError as error:
            if spec.workers.ray_address:
                error.what += f" (on node {ray.util.get_node_ip_address()})"  # type: ignore[no-untyped-call]
            raise

    def run(self, job: Job) -> TrialResult:
        return self._worker.run(job)

    def answer(self) -> None:
        """Show that the process is there."""


@dataclass
class _Task:
    """A job, and how often it was handed out again."""

    job: Job
    retries: int = 0


@dataclass
class _Seat:
    """One worker's place: the actor in it, the call that it is at, and the task of that call.

    Without a task the call builds the worker, which may wait for a node to join.
    """

    name: str
    actor: Any = None
    call: Any = None
    task: _Task | None = None
    ready: bool = False
    since_s: float = 0.0
    births_lost: int = 0


class RayPool:
    """Runs jobs on Ray actors: of a cluster started here, or of the one at `ray_address`.

    Jobs go to workers that are ready. A worker that finds no place on the cluster yet holds no
    job and starts when a node joins; `capacity` follows. A worker that dies, or that takes
    longer than `timeout_s` over a job, is replaced. Its job is handed out once more with a
    smaller batch, and so is one that runs out of memory; then the job fails.

    Args:
        spec: What each worker is built from.
        make_worker: Builds a worker inside its actor; picklable. None for `Worker`.
        warn: Told in plain words when fewer workers run than were asked for.

    Raises:
        PlatformError: No cluster answers, or it has no place for the workers.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        make_worker: Callable[[WorkerSpec], RunsJobs] | None = None,
        warn: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._make_worker, self._warn = make_worker or _real_worker, warn
        self._seats: list[_Seat] = []
        self._options: dict[str, Any] = {}
        self._queue: deque[_Task] = deque()
        self._joined = cluster.join_cluster(spec.workers.ray_address)
        try:
            self._spec = self._placed(spec)
        except PlatformError:
            self.close()
            raise
        self._seats = [_Seat(f"ray-{i}") for i in range(spec.workers.count)]
        self._waiting_told = False

    @property
    def capacity(self) -> int:
        """The workers that are ready, or one while none is."""
        return max(1, sum(seat.ready for seat in self._seats))

    def submit(self, job: Job) -> None:
        """Hand a job to a worker, at once or when one is ready; the first starts them all."""
        if self._in_flight >= self.capacity:
            raise RuntimeError("every worker has a job already")
        self._queue.append(_Task(job))
        self._dispatch()

    def next_result(self) -> TrialResult | None:
        """Wait for the next finished job, or for a worker that joins and finds no job.

        Raises:
            InputError: A worker could not be built: model files or tasks are wrong.
            PlatformError: The machine stands in the way, or workers die as they start.
        """
        if not self._in_flight:
            raise RuntimeError("no job is in flight")
        while True:
            calls = {seat.call: seat for seat in self._seats if seat.call is not None}
            done, _ = ray.wait(list(calls), num_returns=1, timeout=self._patience_s())
            if not done and not self._any_ready:
                self._tell_of_waiting()
                continue
            seat = calls[done[0]] if done else None
            result = self._advance(seat) if seat else self._stop_overdue()
            self._dispatch()
            if result or (seat and seat.ready and seat.task is None):
                return result

    def close(self) -> None:
        """Kill every actor, and end the cluster if this pool started it."""
        for seat in self._seats:
            self._kill(seat)
        self._seats = []
        self._queue.clear()
        if self._joined and ray.is_initialized():
            ray.shutdown()

    @property
    def _any_ready(self) -> bool:
        return any(seat.ready for seat in self._seats)

    @property
    def _in_flight(self) -> int:
        return len(self._queue) + sum(seat.task is not None for seat in self._seats)

    def _placed(self, spec: WorkerSpec) -> WorkerSpec:
        """Return the spec with the threads that suit the cluster; refuse what has no place."""
        workers, nodes = spec.workers, cluster.nodes()
        self._options = {"num_cpus": 0, "num_gpus": workers.gpus}
        if workers.ray_address:
            workers = replace(workers, threads=cluster.threads_of(workers, nodes))
            self._options |= {"num_cpus": workers.threads, "scheduling_strategy": "SPREAD"}
        if waiting := cluster.check_room(workers, nodes):
            self._warn(waiting)
        return replace(spec, workers=workers)

    def _dispatch(self) -> None:
        """Start workers that are missing, and give waiting jobs to those that are free."""
        for seat in self._seats:
            if seat.ready and seat.task is None and self._queue and not _answers(seat.actor):
                self._kill(seat)
            if seat.actor is None:
                seat.actor = ray.remote(_Actor).options(**self._options).remote()
                seat.call = seat.actor.build.remote(self._make_worker, self._spec)
            if seat.ready and seat.task is None and self._queue:
                seat.task, seat.since_s = self._queue.popleft(), time.monotonic()
                seat.call = seat.actor.run.remote(seat.task.job)

    def _advance(self, seat: _Seat) -> TrialResult | None:
        """Take in what the seat's call gave; return its job's result if there is one."""
        try:
            value = ray.get(seat.call)
        except _LOST as error:
            return self._replace(seat, Failure.WORKER_DIED, "the worker's process died", error)
        except RayTaskError as error:
            if not isinstance(error.cause, EvomergeError):
                raise
            if seat.task:
                raise error.cause from None
            self._give_up(seat, error.cause)
            return None
        task, seat.task, seat.call = seat.task, None, None
        if task is None:
            seat.ready, seat.births_lost = True, 0
            return None
        result: TrialResult = replace(value, worker=seat.name, retries=task.retries)
        return self._again(task, result) if short_of_memory(result) else result

    def _replace(
        self, seat: _Seat, failure: Failure, message: str, error: Exception | None = None
    ) -> TrialResult | None:
        """Make room for a new actor; hand its job out again, or return it as failed."""
        task = seat.task
        self._kill(seat)
        if task:
            result = Failed(task.job.key, failure, message, worker=seat.name, retries=task.retries)
            return self._again(task, result)
        seat.births_lost += 1
        if seat.births_lost == _BIRTHS:
            died = PlatformError(
                "workers die while they load the models",
                where="workers",
                help="most often memory is short: lower workers.count, or use smaller models",
            )
            died.__cause__ = error
            self._give_up(seat, died)
        return None

    def _again(self, task: _Task, result: TrialResult) -> TrialResult | None:
        job = retried(task.job, task.retries)
        if job is None:
            return result
        self._queue.appendleft(_Task(job, task.retries + 1))
        return None

    def _give_up(self, seat: _Seat, error: EvomergeError) -> None:
        """Go on without a worker that cannot be built, if another one can."""
        if not any(other.ready for other in self._seats):
            raise error
        self._kill(seat)
        self._seats.remove(seat)
        self._warn(f"{seat.name} is given up, {len(self._seats)} workers go on: {error}")

    def _stop_overdue(self) -> TrialResult | None:
        limit_s = self._spec.workers.timeout_s or 0.0
        for seat in self._seats:
            if seat.task and time.monotonic() - seat.since_s >= limit_s:
                return self._replace(seat, Failure.TIME_LIMIT, f"took over {limit_s:g} s")
        return None

    def _kill(self, seat: _Seat) -> None:
        if seat.actor is not None:
            with suppress(ValueError):
                ray.kill(seat.actor)
        seat.actor = seat.call = seat.task = None
        seat.ready = False

    def _tell_of_waiting(self) -> None:
        if not self._waiting_told:
            self._warn("no worker is ready; the search goes on when Ray has room for one")
        self._waiting_told = True

    def _patience_s(self) -> float | None:
        """Seconds until the first job is overdue, or a person should know that none runs."""
        if not self._any_ready:
            return _LONELY_S
        limit_s = self._spec.workers.timeout_s
        since = [seat.since_s for seat in self._seats if seat.task]
        if limit_s is None or not since:
            return None
        return max(0.0, min(since) + limit_s - time.monotonic())


def _answers(actor: Any) -> bool:
    """Whether an idle worker is there still: a job must not pay for a node lost meanwhile."""
    try:
        ray.get(actor.answer.remote(), timeout=_ANSWER_S)
    except (*_LOST, GetTimeoutError):
        return False
    return True


def _real_worker(spec: WorkerSpec) -> RunsJobs:
    from evomerge.workers.worker import Worker

    return Worker(spec)
