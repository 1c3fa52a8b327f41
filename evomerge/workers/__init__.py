"""Where trials run: in this process, or in Ray actors, behind one protocol."""

from collections.abc import Callable

from evomerge.workers.protocol import WorkerPool, WorkerSpec


def open_pool(spec: WorkerSpec, warn: Callable[[str], None] = lambda text: None) -> WorkerPool:
    """Open the pool that the settings ask for; models are loaded with the first job.

    One worker runs in this process, unless it has a time limit, since only another process can
    be stopped in the middle of a trial, or its place is on a cluster.

    Args:
        spec: What each worker is built from.
        warn: Told in plain words when fewer workers run than were asked for.

    Raises:
        PlatformError: The machine lacks the GPUs asked for, or no cluster answers.
    """
    settings = spec.workers
    if settings.count == 1 and settings.timeout_s is None and settings.ray_address is None:
        from evomerge.workers.local import LocalPool

        return LocalPool(spec)
    from evomerge.workers.ray_pool import RayPool

    return RayPool(spec, warn=warn)


__all__ = ["WorkerPool", "WorkerSpec", "open_pool"]
