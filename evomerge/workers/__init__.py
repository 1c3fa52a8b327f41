"""Where trials run: in this process, or in Ray actors, behind one protocol."""

from evomerge.workers.protocol import WorkerPool, WorkerSpec


def open_pool(spec: WorkerSpec) -> WorkerPool:
    """Open the pool that the settings ask for; models are loaded with the first job.

    One worker runs in this process, unless it has a time limit: only another process can be
    stopped in the middle of a trial.

    Args:
        spec: What each worker is built from.

    Raises:
        PlatformError: The machine lacks the GPUs asked for.
    """
    if spec.workers.count == 1 and spec.workers.timeout_s is None:
        from evomerge.workers.local import LocalPool

        return LocalPool(spec)
    from evomerge.workers.ray_pool import RayPool

    return RayPool(spec)


__all__ = ["WorkerPool", "WorkerSpec", "open_pool"]
