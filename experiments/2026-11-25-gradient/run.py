"""Search one family with one arm and seed after the other; a line of JSON for each.

    python experiments/2026-11-25-gradient/run.py --family tiny --arms gradient tpe --seeds 0 1

What every arm may do is written down in README.md beside this file.
"""

import argparse
import json
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import soup
from family import FAMILIES, Family

import evomerge
from evomerge.evaluate.objective import scalar
from evomerge.files import cache_dir
from evomerge.preflight.locating import locations
from evomerge.preflight.outlines import unfolded
from evomerge.quiet import hush
from evomerge.search.driver import run_search
from evomerge.search.events import SilentListener
from evomerge.search.records.run import Run
from evomerge.workers import open_pool
from evomerge.workers.protocol import Job
from evomerge.workers.spec import worker_spec

RANGE = [-0.5, 1.5]
PASSES = 3
"""Document passes that a step of `gradient` counts for: forward, and backward twice that."""


def weights(family: Family, hole: dict[str, Any], method: str = "task_arithmetic") -> Any:
    """Return one recipe whose experts each have a weight written like `hole`."""
    inputs = [{"model": name, "parameters": {"weight": hole}} for name in family.experts]
    common = {"dtype": family.dtype, "parameters": {"normalize": False}}
    return [{"merge_method": method, "base_model": "base", "models": inputs} | common]


def hole(**more: Any) -> dict[str, Any]:
    """Return a hole for a weight."""
    return {"float": RANGE, **more}


LINE = {"line": hole(name="all"), "lines": hole(name="all", layers=2)}
"""One λ for all experts and layers; one that rises with depth (LiNeS, arXiv:2410.17146)."""
SPACES = {"one": hole(), "four": hole(layers=4), **LINE, "tensors": hole(tensors="each")}
ARMS: dict[str, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    "gradient": (
        ("tensors", "gradient", {"learning_rate": 0.05}),
        ("tensors", "gradient", {"learning_rate": 0.1}),
    ),
    "tpe": (("one", "tpe", {}), ("four", "tpe", {})),
    "cmaes": (("one", "cmaes", {}), ("four", "cmaes", {})),
    "gp": (("one", "gp", {}), ("four", "gp", {})),
    "random": (("one", "random", {}), ("four", "random", {})),
    "line": (("line", "gp", {}), ("line", "random", {})),
    "lines": (("lines", "gp", {}), ("lines", "random", {})),
    "soup": (("linear", "soup", {}), ("task_arithmetic", "soup", {})),
}
"""Arm → its two settings: space, sampler, settings of the sampler."""


class Clock(SilentListener):
    """Remembers how long the sampling took, and what the best point scored by then."""

    def __init__(self) -> None:
        self.seconds, self.trail = 0.0, list[float]()

    def on_record(self, record: Any, progress: Any) -> None:
        """Hear of a trial."""
        if progress.stage == "search":
            self.seconds = progress.elapsed_s
            self.trail.append(getattr(record, "value", (float("nan"),))[0])


def document(family: Family, arm: str, which: int, seed: int, args: Any) -> dict[str, Any]:
    """Return the space of an arm's setting."""
    space, sampler, settings = ARMS[arm][which]
    search: dict[str, Any] = {"sampler": sampler, "seed": seed}
    trials = args.budget
    if sampler == "gradient":
        trials = args.budget // PASSES
        search["gradient"] = {"steps": trials, "chains": 1, **settings, **args.gradient}
    return {
        "name": f"{family.name}-{arm}-{which}-{args.budget}-{args.quick}-{seed}",
        "models": family.models,
        "recipes": weights(family, SPACES[space]),
        "evaluate": family.evaluate | {"quick": args.quick, "seed": seed},
        "search": search,
        "budget": {"trials": trials},
    }


class Memo:
    """A pool that scores a recipe once on each set of documents, whichever arm asks.

    Generation 0 is the same for all arms of a seed, and so are the parents and blends on the
    held-out documents. A gradient is never taken from memory.
    """

    def __init__(self, pool: Any) -> None:
        self._pool, self._known = pool, dict[Any, Any]()
        self._jobs, self._ready = dict[str, Job](), list[Any]()
        self.capacity = 1

    def submit(self, job: Job) -> None:
        """Take a job, or what is known of it."""
        known = self._known.get((job.recipe.recipe_id, job.documents))
        if known is not None and not job.gradient:
            self._ready.append(replace(known, key=job.key, seconds={}))
        else:
            self._jobs[job.key] = job
            self._pool.submit(job)

    def next_result(self) -> Any:
        """Give what is known, or wait."""
        if self._ready:
            return self._ready.pop()
        result = self._pool.next_result()
        job = self._jobs.pop(result.key)
        if not job.gradient:
            self._known[job.recipe.recipe_id, job.documents] = result
        return result


def open_memo(family: Family, seed: int, args: Any) -> Memo:
    """Return a pool for all arms of a seed."""
    space = evomerge.read_space(document(family, "random", 0, seed, args))
    return Memo(open_pool(worker_spec(space, locations(space), str(cache_dir())), warnings.warn))


def searched(family: Family, arm: str, which: int, seed: int, args: Any, pool: Memo) -> Any:
    """Search, and return what came of it."""
    space = evomerge.read_space(document(family, arm, which, seed, args))
    space = unfolded(space, locations(space))
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        with Run.open(space, Path(folder), resume=False, new=True) as run:
            outcome = run_search(run, pool, [clock])
    judged = outcome.judgement

    def on_held_out(record: Any) -> float | None:
        if record is None:
            return None
        scores = record.result.scores
        return round(scalar(scores, space.evaluate.tasks, "mean"), 4)

    return {
        "held_out": on_held_out(judged.winner if judged else None),
        "winner": outcome.winner.label,
        "kind": outcome.winner.kind,
        "best_blend": on_held_out(outcome.best_blend),
        "best_parent": on_held_out(outcome.best_parent),
        "gain": vars(judged.over_blend.gain) if judged and judged.over_blend else None,
        "seconds": round(clock.seconds, 1),
        "trail": [round(value, 4) for value in clock.trail],
    }


def runs(args: Any) -> Iterator[dict[str, Any]]:
    """Yield what came of every run that was asked for."""
    family = FAMILIES[args.family]
    for seed in args.seeds:
        pool = open_memo(family, seed, args)
        for arm in args.arms:
            for which in args.settings:
                told = {"family": args.family, "arm": arm, "setting": which, "seed": seed}
                told |= {"budget": args.budget, "quick": args.quick, "gradient": args.gradient}
                if arm == "soup":
                    yield told | soup.greedy(family, ARMS[arm][which][0], seed, args.quick)
                else:
                    yield told | searched(family, arm, which, seed, args, pool)


def main() -> None:
    """Run, and write a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", choices=FAMILIES, default="tiny")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--settings", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--budget", type=int, default=60, help="price in forward trials")
    parser.add_argument("--quick", type=int, default=128)
    parser.add_argument("--gradient", type=json.loads, default={}, help="settings, as JSON")
    parser.add_argument("-o", "--out", type=Path, default=Path(__file__).with_name("runs.jsonl"))
    args = parser.parse_args()
    hush(load=True)
    for told in runs(args):
        with args.out.open("a") as lines:
            lines.write(json.dumps(told) + "\n")
        print({k: v for k, v in told.items() if k != "trail"}, flush=True)


if __name__ == "__main__":
    main()
