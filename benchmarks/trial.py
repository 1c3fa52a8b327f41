"""One trial, taken apart, against three ways to do the same.

    python benchmarks/trial.py tiny
    python benchmarks/trial.py smollm2

(a) `mergekit-yaml` and then `lm_eval`, two processes; (b) one process that calls `run_merge` into a
folder in memory, loads it with `HFLM` and scores it with `simple_evaluate`, tasks indexed once; (c)
the trial's own forward passes and nothing else. All in turn, on the same recipes and documents.
"""

import argparse
import resource
import statistics
import sys
import time
from typing import Any

import measuring
import rivals

from evomerge.files import cache_dir
from evomerge.recipe.recipe import Recipe
from evomerge.workers.protocol import Failed, Job, WorkerSpec
from evomerge.workers.spec import worker_spec

_METHODS = ("linear", "task_arithmetic", "ties", "dare_ties")
_PARTS = ("merge", "place", "score", "forward", "else", "total", "bare")
_HEADS = ("recipe", *_PARTS[:-1], "(c)", "total/(c)")
_PARENTS = 4  # three experts and their base
_worker: Any = None
_passes: Any = None


def start(spec: WorkerSpec, first: Recipe) -> tuple[float, rivals.Documents]:
    """Build a worker and record a trial's forward passes; return start-up and the documents."""
    global _worker, _passes
    from forward_passes import ForwardPasses

    from evomerge.evaluate.scorer import Scorer
    from evomerge.workers.worker import Worker

    started = time.perf_counter()
    _passes, _worker = ForwardPasses(), Worker(spec)
    _worker.run(Job("start-up", first))
    start_up = time.perf_counter() - started
    _passes.start(record=True)
    _worker.run(Job("record", first))
    documents = Scorer(spec.evaluate).documents("quick")
    return start_up, {task: list(ids) for task, ids in documents.items()}


def trial(recipe: Recipe) -> tuple[dict[str, float], dict[tuple[str, str], float]]:
    """Return the seconds of a trial's parts and of its forward passes bare, and its scores."""
    _passes.start()
    result = _worker.run(Job(recipe.recipe_id, recipe))
    seconds = dict(result.seconds) | {"forward": _passes.seconds}
    if isinstance(result, Failed):
        raise RuntimeError(result.message)
    if _passes.count != len(_passes.calls):
        raise RuntimeError("other forward passes than those recorded")
    seconds["else"] = seconds["total"] - seconds["merge"] - seconds["forward"]
    seconds["bare"] = _passes.replay()
    return seconds, {(s.task, f"{s.metric},none"): s.value for s in result.scores.tasks}


def rates() -> tuple[int, int, float, float]:
    """Return the model's parameters and bytes, and this machine's copy and product rates."""
    weights = list(_passes.model.parameters())
    dtype = str(weights[0].dtype).removeprefix("torch.")
    counts = sum(w.numel() for w in weights), sum(w.nbytes for w in weights)
    return *counts, measuring.copy_rate("cpu", 0.5), measuring.product_rate("cpu", 2048, dtype)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("family", nargs="?", choices=tuple(measuring.FAMILIES), default="tiny")
    parser.add_argument("--methods", nargs="+", choices=measuring.METHODS, default=_METHODS)
    parser.add_argument("--rounds", type=int, default=3, help="trials of each method")
    parser.add_argument("--processes", type=int, default=1, help="rounds that run (a) and (b) too")
    args = parser.parse_args()
    space, locations = measuring.family(args.family)
    spec = worker_spec(space, locations, str(cache_dir()))
    experts = [reference for reference in space.references if reference != space.base]

    def drawn(method: str, seed: int) -> Recipe:
        return measuring.draw(method, space.base or "", experts, seed, **space.common)

    times: dict[str, dict[str, list[float]]] = {method: {} for method in args.methods}
    apart, tokens = dict.fromkeys(args.methods, 0.0), 0
    with measuring.contenders(2) as (us, them):
        start_up, documents = us(start, spec, drawn(args.methods[0], -1))
        for method in args.methods:
            us(trial, drawn(method, -1))  # fills what the method keeps
        if args.processes:
            them(rivals.by_one_process, drawn(args.methods[0], -1), spec, documents)
        for seed in range(args.rounds):
            for method in args.methods:
                recipe = drawn(method, seed)
                seconds, scores = us(trial, recipe)
                print(f"round {seed}, {method}: {seconds['total']:.2f} s", file=sys.stderr)
                if seed < args.processes:
                    seconds["b"], tokens, found = them(
                        rivals.by_one_process, recipe, spec, documents
                    )
                    seconds["a"] = rivals.by_processes(recipe, spec, documents)
                    gaps = [abs(found[t][m] - v) for (t, m), v in scores.items()]
                    apart[method] = max(apart[method], *gaps)
                for part, value in seconds.items():
                    times[method].setdefault(part, []).append(value)
        peaks = us(measuring.peak_gib), them(measuring.peak_gib)
        parameters, size, copied, multiplied = us(rates)

    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"{args.family}: start-up with the first trial {start_up:.1f} s")
    print(f"peak {peaks[0]:.2f} GiB, of (a) {children:.2f}, of (b) {peaks[1]:.2f}")
    print(f"scores differ from those of (b) by {max(apart.values()):g} at most", end="")
    print(": " + ", ".join(f"{m} {gap:g}" for m, gap in apart.items()) + "\n")
    rows: list[list[Any]] = [[method, *_row(parts)] for method, parts in times.items()]
    columns = list(zip(*(row[1:] for row in rows), strict=True))
    rows.append(["**median**", *map(statistics.median, columns)])
    heads = [*_HEADS, "(a)", "(a)/total", "(b)", "(b)/total"][: len(rows[0])]
    print(measuring.table(heads, rows))
    if tokens:
        moved, done = (_PARENTS + 1) * size, 2 * parameters * tokens
        print(f"\nat least {moved / 1e6:.0f} MB at {copied / 1e9:.1f} GB/s: {moved / copied:.4f} s")
        print(f"and {done / 1e9:.0f} GFLOP ({parameters / 1e6:.1f}M parameters, {tokens} tokens)")
        print(f"at {multiplied / 1e9:.0f} GFLOP/s: {done / multiplied:.3f} s")


def _row(parts: dict[str, list[float]]) -> list[float]:
    middle = {part: statistics.median(values) for part, values in parts.items()}
    row = [middle[part] for part in _PARTS]
    row.append(statistics.median(t / c for t, c in zip(parts["total"], parts["bare"], strict=True)))
    for rival in ("a", "b"):
        if rival in parts:
            pairs = zip(parts[rival], parts["total"], strict=False)
            row += [middle[rival], statistics.median(r / t for r, t in pairs)]
    return row


if __name__ == "__main__":
    main()
