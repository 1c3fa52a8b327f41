"""What one trial costs, against the same recipe by `mergekit-yaml` and `lm_eval` as processes.

    python benchmarks/trial.py tiny
    python benchmarks/trial.py smollm2

For each recipe: seconds for merge, placing, scoring and everything else, the share of scoring spent
in forward passes, peak memory, and the ratio to the two processes, in one run on one machine.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from evomerge import zoo
from evomerge.merge.export import export_yaml
from evomerge.space.generation0 import fixed_recipes
from evomerge.space.load import load_space
from evomerge.space.recipe import Recipe
from evomerge.space.space import Space
from evomerge.workers.protocol import Job
from evomerge.workers.spec import worker_spec
from evomerge.workers.worker import Worker

SPACES = Path(__file__).parents[1] / "search_spaces"


class Forward:
    """Adds up the seconds a process spends in forward passes of whole models."""

    def __init__(self) -> None:
        from torch.nn.modules.module import (
            register_module_forward_hook,
            register_module_forward_pre_hook,
        )
        from transformers import PreTrainedModel

        self.seconds = 0.0
        self._started: list[tuple[int, float]] = []

        def before(module: object, _: object) -> None:
            if isinstance(module, PreTrainedModel) and not self._started:
                self._started.append((id(module), time.perf_counter()))

        def after(module: object, *_: object) -> None:
            if self._started and self._started[0][0] == id(module):
                self.seconds += time.perf_counter() - self._started.pop()[1]

        register_module_forward_pre_hook(before)
        register_module_forward_hook(after)


def recipes(space: Space, count: int) -> list[Recipe]:
    """Some of generation 0's blends, and a ties merge of all parents."""
    blends = [fixed.recipe for fixed in fixed_recipes(space) if fixed.kind == "blend"]
    document = blends[-1].document | {"merge_method": "ties"}
    for entry in document["models"]:
        entry["parameters"] = {"weight": 0.5, "density": 0.5}
    return [*blends[: count - 1], Recipe.from_document(document)]


def by_processes(space: Space, recipe: Recipe, locations: dict[str, str], ids: str) -> float:
    """Seconds for `mergekit-yaml` and then `lm_eval` on the same documents."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "recipe.yaml"
        cache = str(zoo.cache_dir() / "adapters")
        config.write_text(export_yaml(recipe, locations, lora_cache=cache))
        binaries = Path(sys.executable).parent
        merge = [binaries / "mergekit-yaml", config, f"{folder}/out", "--random-seed", "0"]
        if any("+" in place for place in locations.values()):
            merge += ["--lora-merge-cache", cache]
        tasks = ",".join(t.task for t in space.evaluate.tasks)
        score = [binaries / "lm_eval", "run", "--model", "hf", "--model_args"]
        score += [f"pretrained={folder}/out,dtype=auto", "--tasks", tasks, "--samples", ids]
        score += ["--batch_size", str(space.evaluate.batch_size), "--device", "cpu"]
        score += ["--include_path", locations[space.evaluate.task_path or ""]]
        started = time.perf_counter()
        for command in (merge, score):
            done = subprocess.run([str(w) for w in command], capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{command[0]} failed:\n{done.stderr[-2000:]}")
        return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("family", nargs="?", choices=("tiny", "smollm2"), default="tiny")
    parser.add_argument("--recipes", type=int, default=4)
    parser.add_argument("--processes", type=int, default=2, help="recipes run as processes too")
    args = parser.parse_args()
    name = {"tiny": "quickstart", "smollm2": "smollm2"}[args.family]
    space = load_space(SPACES / f"{name}.yaml")
    zoo.make(args.family, lambda text, fraction: None)
    references = [*space.references, space.evaluate.task_path or ""]
    locations = {reference: zoo.locate(reference) for reference in references}

    forward = Forward()
    started = time.perf_counter()
    worker = Worker(worker_spec(space, locations, str(zoo.cache_dir())))
    chosen = recipes(space, args.recipes)
    worker.run(Job("warm-up", chosen[0]))
    start_up = time.perf_counter() - started
    print(f"{args.family}: start-up with the first trial {start_up:.1f} s")
    columns = ("merge", "place", "score", "forward", "else", "total")
    print(" ".join([f"{'recipe':18}", *(f"{column:>8}" for column in columns)]))
    totals, shares = [], []
    for recipe in chosen:
        forward.seconds = 0.0
        seconds = worker.run(Job(recipe.recipe_id, recipe)).seconds
        rest = seconds["total"] - seconds["merge"] - forward.seconds
        totals.append(seconds["total"])
        shares.append(rest / seconds["total"])
        row = [seconds["merge"], seconds["place"], seconds["score"], forward.seconds, rest]
        cells = " ".join(f"{value:8.3f}" for value in [*row, seconds["total"]])
        print(f"{recipe.method:18} {cells}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"median trial {statistics.median(totals):.2f} s; ", end="")
    print(f"outside merge and forward passes {statistics.median(shares):.1%}; peak {peak:.1f} GiB")

    ids = {t: list(i) for t, i in worker._scorer.documents("quick").items()}
    slow = [by_processes(space, r, locations, json.dumps(ids)) for r in chosen[-args.processes :]]
    if slow:
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        ratio = statistics.median(slow) / statistics.median(totals[-len(slow) :])
        print(f"mergekit-yaml + lm_eval {statistics.median(slow):.1f} s; peak {children:.1f} GiB")
        print(f"trials an hour: {ratio:.1f} times as many")


if __name__ == "__main__":
    main()
