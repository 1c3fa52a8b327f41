"""One worker: parents, live model and tasks are built once, then recipe after recipe is scored."""

import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

from evomerge.errors import Failure, PlatformError, TrialError, is_out_of_memory
from evomerge.evaluate.scorer import Scorer
from evomerge.evaluate.scores import Scores
from evomerge.files import scratch
from evomerge.merge.devices import check_device
from evomerge.merge.disk import merge_to_disk
from evomerge.merge.live import LiveModel
from evomerge.merge.mergekit.plugins import import_plugin
from evomerge.merge.merger import MemoryMerger, Merged
from evomerge.recipe.recipe import Recipe
from evomerge.workers.heap import give_back, keep_freed
from evomerge.workers.protocol import Failed, Job, Scored, TrialResult, WorkerSpec
from evomerge.workers.tokenizers import Tokenizer, Tokenizers


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
        self._spec = spec
        self._device = "cuda" if settings.gpus else "cpu"
        self._scorer = Scorer(spec.evaluate)
        spread = max(1, int(settings.gpus))
        self._built_on = "cpu" if spread > 1 else self._device
        self._live = LiveModel(self._device, gpus=spread)
        self._tokenizers = Tokenizers()
        self._kept = int(settings.cache_gb * 2**30)
        self._merger = MemoryMerger(
            spec.locations, spec.cache, self._device, self._kept, self._built_on
        )
        self._seconds: dict[str, float] = {}
        if settings.mode == "disk":
            _make(Path(spec.cache))

    def run(self, job: Job) -> TrialResult:
        """Merge and score one recipe. What can go wrong with one recipe becomes its result.

        Raises:
            InputError: Model files or tasks are wrong, for every recipe.
            PlatformError: The machine stands in the way of every recipe.
        """
        self._seconds = {}
        self._merger.keep(0 if job.shrink > 1 else self._kept)
        if job.shrink > 1:
            self._scorer.release()
            _free_memory()
        started = time.perf_counter()
        result: TrialResult
        try:
            result = Scored(job.key, self._score(job))
        except TrialError as error:
            result = Failed(job.key, error.failure, error.what)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            result = Failed(job.key, Failure.OUT_OF_MEMORY, str(error) or "out of memory")
        self._seconds["total"] = time.perf_counter() - started
        return replace(result, seconds=self._seconds)

    def _score(self, job: Job) -> Scores:
        with self._timed("merge"):
            if self._spec.workers.mode == "disk":
                merged, tokenizer = self._merge_on_disk(job.recipe)
            else:
                merged = self._merger.merge(job.recipe, self._live.slots)
                tokenizer = self._tokenizers.of(job.recipe, self._merger)
        with self._timed("place"):
            model = self._live.place(merged)
            del merged
        with self._timed("score"):
            smaller = {"shrink": job.shrink} if job.shrink > 1 else {}
            return self._scorer.score(model, tokenizer, job.documents, **smaller)

    def _merge_on_disk(self, recipe: Recipe) -> tuple[Merged, Tokenizer]:
        cache = Path(self._spec.cache)
        with scratch(cache) as parent:
            folder = merge_to_disk(
                recipe,
                self._spec.locations,
                parent / "model",
                cache,
                device=self._device,
            )
            tensors: dict[str, torch.Tensor] = {}
            for shard in sorted(folder.glob("*.safetensors")):
                tensors |= load_file(shard, device=self._built_on)
            config = transformers.AutoConfig.from_pretrained(folder)
            generation = None
            if (folder / "generation_config.json").exists():
                generation = transformers.GenerationConfig.from_pretrained(folder)
            return Merged(tensors, config, generation), self._tokenizers.in_folder(folder)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[stage] = time.perf_counter() - started


def _free_memory() -> None:
    """Give back what an attempt that ran out of memory has left behind."""
    gc.collect()
    give_back()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _make(cache: Path) -> None:
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PlatformError(f"cannot be made: {error.strerror}", where=str(cache)) from error


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
