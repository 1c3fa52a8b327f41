"""Whether a search fits into memory, told before any model is loaded."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from evomerge.errors import PlatformError
from evomerge.evaluate.packing.activations import KEPT
from evomerge.evaluate.packing.tries import ASKED, ROWS, pass_tokens
from evomerge.preflight.available import available_bytes
from evomerge.preflight.footprint import Footprint, footprint
from evomerge.space.space import Space

GIB = 2**30
_PYTHON, _RAY, _CUDA = int(0.7 * GIB), int(0.2 * GIB), int(0.5 * GIB)
"""A process with all libraries loaded, Ray's own processes, and what CUDA keeps for itself."""
_CACHED = 8
"""What a search with several methods caches, in bytes for each byte of its parents."""
_PROMPT_TOKENS = 64
"""Tokens of a prompt, which are not known before tasks are built; long prompts take more."""


@dataclass(frozen=True)
class Estimate:
    """What a search takes at its peak, in bytes. Rather too little than too much.

    Args:
        space: The space.
        files: Of its parents.
        again: Whether backward passes compute activations again, as they do where memory is
            short.
    """

    space: Space
    files: Footprint
    again: bool = False

    @property
    def batch(self) -> int:
        """One batch on its way through a model: mostly logits."""
        size = self.space.evaluate.batch_size
        device = "cuda" if self.space.workers.gpus else "cpu"
        if size == "auto":
            return pass_tokens(self.files.token, device) // ASKED * self.files.token
        return size * _PROMPT_TOKENS * self.files.token

    @property
    def gradient(self) -> int:
        """What a backward pass adds: activations, logits' gradient, one tensor's gradient."""
        if self.space.search.sampler != "gradient":
            return 0
        device = "cuda" if self.space.workers.gpus else "cpu"
        tokens = pass_tokens(self.files.token, device)
        most = tokens * self.files.again if self.again else KEPT[device]
        return min(tokens * self.files.kept, most) + self.batch + self.files.widest

    @property
    def cache(self) -> int:
        """What a worker keeps from one merge for the next, on the CPU."""
        if self.space.workers.gpus or self.space.workers.mode == "disk":
            return 0
        return min(int(self.space.workers.cache_gb * GIB), _CACHED * self.files.parents)

    @property
    def on_device(self) -> int:
        """What one worker needs where its model lives."""
        spread = self.space.workers.gpus > 1  # there the merge lies in main memory
        return self.files.merge // (2 if spread else 1) + self.batch + self.gradient + self.cache

    @property
    def worker(self) -> int:
        """What one worker needs in main memory, parents that are mapped left out."""
        if self.space.workers.gpus:  # a model is built here before it goes to its device
            return _PYTHON + self.files.pickled + self.files.merge
        return _PYTHON + self.files.pickled + self.on_device

    @property
    def needed(self) -> int:
        """What must fit into main memory, mapped parents left out."""
        count = self.space.workers.count
        return count * self.worker + (_PYTHON + _RAY if count > 1 else 0)

    @property
    def total(self) -> int:
        """Everything in main memory."""
        return self.needed + self.files.mapped

    def __str__(self) -> str:
        workers = self.space.workers
        model = {
            "weights of a merge": self.files.merge,
            "a batch": self.batch,
            "its gradient": self.gradient,
            "cache": self.cache,
        }
        parts = {"parents": self.files.parents, "Python": _PYTHON}
        shown = ", ".join(
            f"{name} {gib(size)}"
            for name, size in (parts if workers.gpus else parts | model).items()
            if size
        )
        each = f"; all but the parents {workers.count} times" if workers.count > 1 else ""
        gpu = f", and {gib(self.on_device)} GiB of a GPU for each worker" if workers.gpus else ""
        return f"about {gib(self.total)} GiB ({shown}{each}){gpu}"


def estimate(space: Space, locations: Mapping[str, str]) -> Estimate:
    """Return what a search takes; models that are not here yet count nothing.

    Args:
        space: The space.
        locations: Reference → where it lies.
    """
    dtypes = [dtype for template in space.templates for dtype in template.dtypes]
    return Estimate(space, footprint([locations[r] for r in space.references], dtypes))


def check_memory(
    space: Space,
    locations: Mapping[str, str],
    warn: Callable[[str], None],
    available: int | None = None,
) -> None:
    """Refuse a search that cannot fit into this machine's memory.

    Parents are mapped files, which the system drops and reads again when memory is short: where
    all else fits and they do not, the search is slow but works, and a warning says so. What
    nodes of a Ray cluster have is not known here.

    Args:
        space: The space.
        locations: Reference → where it lies.
        warn: Told in plain words that a search will be slow.
        available: Bytes free for it; None to ask the system.

    Raises:
        PlatformError: It cannot fit, with what would.
    """
    if space.workers.ray_address:
        return
    found = estimate(space, locations)
    least = replace(found, again=True)
    if space.workers.gpus:
        _check_gpus(least)
    free = available_bytes() if available is None else available
    if least.needed > free:
        fits = _first(least, lambda other: other.needed <= free)
        raise _refusal(f"this search takes {least}", least.needed, free, fits)
    if found.needed > free:
        warn(
            f"the activations of backward passes ({gib(found.gradient)} GiB) do not fit beside all "
            "else: each layer's are computed again, which takes longer"
        )
    elif found.total > free:
        warn(
            f"the parents ({gib(found.files.mapped)} GiB) do not stay in memory beside all else: "
            f"{gib(free)} GiB are free; each trial reads some of them from disk"
        )


def gib(size: int) -> str:
    """Return bytes as GiB with two digits after the point."""
    return f"{size / GIB:.2f}"


def _check_gpus(found: Estimate) -> None:
    import torch

    if not torch.cuda.is_available():
        return  # who asks for a GPU that is not there is told so elsewhere
    workers, gpus = found.space.workers, found.space.workers.gpus
    used = min(torch.cuda.device_count(), max(1, int(gpus)) * workers.count)
    free = int(min(torch.cuda.mem_get_info(index)[0] for index in range(used)))

    def needed(one: Estimate) -> int:
        sharing = min(one.space.workers.count, int(1 / gpus)) if gpus < 1 else 1
        return int(sharing * (one.on_device / max(1, gpus) + _CUDA))

    if needed(found) > free:
        what = f"a GPU's workers take {gib(needed(found))} GiB of its memory"
        fits = _first(found, lambda other: needed(other) <= free)
        raise _refusal(what, needed(found), free, fits)


def _refusal(what: str, needed: int, free: int, fits: str | None) -> PlatformError:
    return PlatformError(
        f"{what}; {gib(needed)} GiB have to fit into {gib(free)} GiB that are free",
        where="memory",
        help=f"this would fit: {fits}" if fits else "smaller models, or a machine with more memory",
    )


def _first(found: Estimate, fits: Callable[[Estimate], bool]) -> str | None:
    """Return the settings, nearest to those asked for, with which a search fits."""
    for settings, space in _smaller(found.space):
        if fits(replace(found, space=space)):
            return settings
    return None


def _smaller(space: Space) -> Iterator[tuple[str, Space]]:
    for count in range(space.workers.count - 1, 0, -1):
        yield f"--set workers.count={count}", _with_count(space, count)
    alone, few = _with_count(space, 1), "--set workers.count=1 " * (space.workers.count > 1)
    if whole := space.workers.cache_gb:
        for cache in (whole / 2, whole / 4, 0):
            alone = replace(alone, workers=replace(alone.workers, cache_gb=cache))
            yield f"{few}--set workers.cache_gb={cache:g}", alone
        few += "--set workers.cache_gb=0 "
    size = ROWS if space.evaluate.batch_size == "auto" else space.evaluate.batch_size
    while size > 1:
        size //= 2
        evaluate = replace(space.evaluate, batch_size=size)
        yield f"{few}--set evaluate.batch_size={size}", replace(alone, evaluate=evaluate)


def _with_count(space: Space, count: int) -> Space:
    return replace(space, workers=replace(space.workers, count=count))
