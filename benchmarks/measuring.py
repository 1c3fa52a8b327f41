"""What the benchmarks share: families, recipes, a process for each contender, rates, tables.

A contender is a process of its own, so that neither finds the other's caches and each has its own
peak of memory; they run in turn, never at once.
"""

import multiprocessing
import os
import random
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evomerge import zoo
from evomerge.recipe.recipe import Recipe
from evomerge.space.reading.load import load_space
from evomerge.space.space import Space

for variable, value in {
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_OFFLINE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "OMP_WAIT_POLICY": "PASSIVE",  # as `evomerge` sets it: who waits does not take a shared core
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
}.items():
    os.environ.setdefault(variable, value)  # the same for every contender

SPACES = Path(__file__).parents[1] / "search_spaces"
FAMILIES = {"tiny": "methods", "smollm2": "smollm2"}
"""Family → the space that searches it."""
METHODS = (
    "linear",
    "slerp",
    "task_arithmetic",
    "ties",
    "dare_linear",
    "dare_ties",
    "della",
    "della_linear",
    "breadcrumbs",
)
_DENSE = ("linear", "slerp", "task_arithmetic")
_EXTRA = {
    "della": {"epsilon": 0.1},
    "della_linear": {"epsilon": 0.1},
    "breadcrumbs": {"gamma": 0.01},
}
_PARENTS = 3


def family(name: str) -> tuple[Space, dict[str, str]]:
    """Return a zoo family's space and where its models and tasks lie, making it if need be."""
    space = load_space(SPACES / f"{FAMILIES[name]}.yaml")
    zoo.make(name, lambda text, fraction: None)
    references = [*space.references, space.evaluate.task_path or ""]
    return space, {reference: zoo.locate(reference) for reference in references}


def draw(method: str, base: str, experts: Sequence[str], seed: int, **common: Any) -> Recipe:
    """Return a recipe of a method with values drawn at random, as a search would try them.

    Args:
        method: One of `METHODS`.
        base: Reference of the experts' common base.
        experts: Two or more references; slerp takes two, the others three at most.
        seed: Another seed, other values.
        common: More keys of the recipe, such as its `dtype`.
    """
    rng = random.Random(f"{method} {seed}")
    if method == "slerp":
        document: dict[str, Any] = {
            "base_model": experts[0],
            "models": [{"model": expert} for expert in experts[:2]],
            "parameters": {"t": rng.uniform(0.2, 0.8)},
        }
        return Recipe.from_document(document | common | {"merge_method": method})
    models = []
    for expert in experts[:_PARENTS]:
        values = {"weight": rng.uniform(0.2, 0.8)}
        if method not in _DENSE:
            values["density"] = rng.uniform(0.3, 0.8)
        models.append({"model": expert, "parameters": values | _EXTRA.get(method, {})})
    document = {"merge_method": method, "models": models} | common
    return Recipe.from_document(document if method == "linear" else {"base_model": base} | document)


@contextmanager
def contenders(count: int) -> Iterator[list[Callable[..., Any]]]:
    """Give a call for each contender that runs a function in its process and waits for it."""
    spawn = multiprocessing.get_context("spawn")
    pools = [ProcessPoolExecutor(1, mp_context=spawn) for _ in range(count)]
    try:
        yield [lambda work, *args, pool=pool: pool.submit(work, *args).result() for pool in pools]
    finally:
        for pool in pools:
            pool.shutdown()


@contextmanager
def scratch(gib: float) -> Iterator[Path]:
    """Give a temporary folder in memory if this much fits there, else on the disk."""
    memory = Path("/dev/shm")
    fits = memory.is_dir() and shutil.disk_usage(memory).free > 2 * gib * 2**30
    with tempfile.TemporaryDirectory(dir=memory if fits else None) as folder:
        yield Path(folder)


def reset_peak() -> None:
    """Begin anew with this process's peak of memory, where the system can."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_gib() -> float:
    """Return this process's peak of memory in GiB: its own pages and the mapped ones it touched."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 2**20
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def seconds(work: Callable[[], Any], device: str = "cpu", repeats: int = 1) -> float:
    """Return the median seconds of a call; on a GPU, until it is done."""
    import torch

    def wait() -> None:
        if device != "cpu":
            torch.cuda.synchronize()

    taken = []
    for _ in range(repeats):
        wait()
        started = time.perf_counter()
        work()
        wait()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def copy_rate(device: str, gib: float) -> float:
    """Return bytes a second of copying one large tensor to another, read and written counted."""
    import torch

    source = torch.ones(int(gib * 2**29), dtype=torch.bfloat16, device=device)
    target = torch.empty_like(source)
    seconds(lambda: target.copy_(source), device)
    return 2 * source.nbytes / seconds(lambda: target.copy_(source), device, 7)


def product_rate(device: str, side: int, dtype: str) -> float:
    """Return floating-point operations a second of products of square matrices, as a trial's."""
    import torch

    from evomerge.evaluate.packing.onednn import wide_products

    left = torch.randn(side, side, device=device).to(getattr(torch, dtype))
    right = torch.randn(side, side, device=device).to(getattr(torch, dtype))
    with torch.inference_mode(), wide_products(left):
        seconds(lambda: torch.nn.functional.linear(left, right), device)
        taken = seconds(lambda: torch.nn.functional.linear(left, right), device, 7)
    return 2 * side**3 / taken


def table(columns: Sequence[str], rows: Iterable[Sequence[str | float]]) -> str:
    """Return a Markdown table; of numbers, the digits that count."""
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)]]
    lines += [[_cell(value) for value in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def share(part: float) -> str:
    """Return a share of what can be reached, as a bold percentage."""
    return f"**{part:.{1 if part < 0.1 else 0}%}**"


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3}f}"
