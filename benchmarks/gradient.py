"""What a gradient costs: a trial that asks for one against the trial's bare forward passes.

    python benchmarks/gradient.py tiny
    python benchmarks/gradient.py smollm2

Each round scores one recipe with a gradient and without, and runs the trial's own forward passes
again bare. The peaks of memory are those of two processes: one never asks for a gradient.
"""

import argparse
import statistics
import sys

import measuring
import trial

from evomerge.files import cache_dir
from evomerge.preflight.memory import estimate
from evomerge.recipe.recipe import Recipe
from evomerge.workers.protocol import Job, Scored
from evomerge.workers.spec import worker_spec

_METHODS = ("task_arithmetic", "linear", "slerp", "ties", "dare_ties")


def step(recipe: Recipe) -> tuple[float, bool]:
    """Score a recipe with its gradient: return the seconds, and whether scores are a trial's."""
    plain = trial._worker.run(Job("plain", recipe))
    result = trial._worker.run(Job("gradient", recipe, gradient=True))
    if not isinstance(result, Scored) or result.gradient is None:
        raise RuntimeError(f"no gradient: {result}")
    return result.seconds["total"], result.scores == plain.scores


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("family", nargs="?", choices=tuple(measuring.FAMILIES), default="tiny")
    parser.add_argument("--methods", nargs="+", choices=measuring.METHODS, default=_METHODS)
    parser.add_argument("--rounds", type=int, default=3, help="steps of each method")
    args = parser.parse_args()
    space, locations = measuring.family(args.family)
    spec = worker_spec(space, locations, str(cache_dir()))
    experts = [reference for reference in space.references if reference != space.base]
    rows, equal = [], True
    with measuring.contenders(2) as (learns, scores):
        first = measuring.draw(args.methods[0], space.base or "", experts, -1, **space.common)
        for contender in (learns, scores):
            contender(trial.start, spec, first)
        for method in args.methods:
            taken: dict[str, list[float]] = {"step": [], "trial": [], "bare": []}
            for seed in range(-1, args.rounds):
                recipe = measuring.draw(method, space.base or "", experts, seed, **space.common)
                seconds, same = learns(step, recipe)
                parts, _ = scores(trial.trial, recipe)
                equal &= same
                if seed >= 0:  # the first fills what the method keeps
                    taken["step"].append(seconds)
                    taken["trial"].append(parts["total"])
                    taken["bare"].append(parts["bare"])
                print(f"round {seed}, {method}: {seconds:.2f} s", file=sys.stderr)
            pairs = zip(taken["step"], taken["bare"], strict=True)
            middle = [statistics.median(values) for values in taken.values()]
            rows.append([method, *middle, statistics.median(s / b for s, b in pairs)])
        peaks = learns(measuring.peak_gib), scores(measuring.peak_gib)
    columns = list(zip(*(row[1:] for row in rows), strict=True))
    rows.append(["**median**", *map(statistics.median, columns)])
    print(f"{args.family}: scores with a gradient equal a trial's: {'yes' if equal else 'no'}")
    print(f"peak {peaks[0]:.2f} GiB with gradients, {peaks[1]:.2f} without;", end=" ")
    found = estimate(space, locations)
    print(f"the preflight says {found.total / 2**30:.2f} without\n")
    print(measuring.table(["recipe", "step", "trial", "bare forward", "step/bare"], rows))


if __name__ == "__main__":
    main()
