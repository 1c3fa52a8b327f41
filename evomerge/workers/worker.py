"""One worker: parents, live model and tasks are built once, then recipe after recipe is scored."""

import gc
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch

from evomerge.errors import Failure, TrialError, is_out_of_memory
from evomerge.evaluate.objective import total_loss
from evomerge.evaluate.scorer import Scorer
from evomerge.merge.devices import check_device
from evomerge.merge.mergekit.plugins import import_plugin
from evomerge.merge.merger import Live, Merger
from evomerge.workers.heap import give_back, keep_freed
from evomerge.workers.protocol import Failed, Gradient, Job, Scored, TrialResult, WorkerSpec


class Worker:
    """Merges and scores recipes in this process. Not thread-safe.

    Building one takes the process's CPU threads: `workers.threads`, or the cores divided by
    `workers.count`.

    Args:
        spec: Models, tasks, mode, devices.

    Raises:
        InputError: Model files or tasks are wrong.
        PlatformError: There is no GPU though one was asked for, or the cache is unwritable.
    """

    def __init__(self, spec: WorkerSpec) -> None:
        settings = spec.workers
        for plugin in spec.plugins:
            import_plugin(Path(plugin))
        keep_freed()
        torch.set_num_threads(settings.threads or max(1, _cores() // settings.count))
        if settings.gpus:
            check_device("cuda", where="workers.gpus", count=int(settings.gpus))
        self._scorer = Scorer(spec.evaluate, spec.objective)
        self._spec = spec
        self._cache_bytes = int(settings.cache_gb * 2**30)
        self._merger = Merger(
            spec.locations,
            spec.cache,
            "cuda" if settings.gpus else "cpu",
            gpus=max(1, int(settings.gpus)),
            mode=settings.mode,
            cache_bytes=self._cache_bytes,
        )

    def run(self, job: Job) -> TrialResult:
        """Merge and score one recipe. What can go wrong with one recipe becomes its result.

        Raises:
            InputError: Model files or tasks are wrong, for every recipe.
            PlatformError: The machine stands in the way of every recipe.
        """
        self._merger.limit_cache(0 if job.shrink > 1 else self._cache_bytes)
        if job.shrink > 1:
            self._scorer.release()
            _free_memory()
        seconds: dict[str, float] = {}
        started = time.perf_counter()
        result: TrialResult
        try:
            result = self._score(job, seconds)
        except TrialError as error:
            result = Failed(job.key, error.failure, error.what)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            result = Failed(job.key, Failure.OUT_OF_MEMORY, str(error) or "out of memory")
        seconds = self._merger.seconds | seconds
        seconds["total"] = time.perf_counter() - started
        return replace(result, seconds=seconds)

    def _score(self, job: Job, seconds: dict[str, float]) -> Scored:
        live = self._merger.merge(job.recipe)
        started = time.perf_counter()
        why = ""
        try:
            if job.gradient:
                try:
                    return self._differentiated(job, live)
                except TrialError as error:
                    if error.failure is not Failure.NO_GRADIENT:
                        raise
                    why = error.what
            scores = self._scorer.score(live.model, live.tokenizer, job.documents, job.shrink)
        finally:
            seconds["score"] = time.perf_counter() - started
        return Scored(job.key, scores, no_gradient=why)

    def _differentiated(self, job: Job, live: Live) -> Scored:
        """Score a live model and differentiate its loss.

        Raises:
            TrialError: As `Scorer.score`; `NO_GRADIENT` where none can be had.
        """
        slopes = self._merger.slopes(job.recipe)
        scores = self._scorer.score(
            live.model, live.tokenizer, job.documents, job.shrink, gradients=slopes
        )
        loss = total_loss(scores, self._spec.evaluate.tasks, self._spec.objective)
        assert loss is not None, "the scorer refuses a gradient where no task has a loss"
        return Scored(job.key, scores, gradient=Gradient(loss, slopes.by_leaf()))


def _free_memory() -> None:
    """Give back what an attempt that ran out of memory has left behind."""
    gc.collect()
    give_back()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
