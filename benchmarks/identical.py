"""Whether two checkouts give the same numbers, bit for bit: trials, proposals, merges.

    git worktree add ../before REVISION
    python benchmarks/identical.py ../before

Both search the same spaces through their command lines: several methods, `recipes: auto` with each
sampler, all methods at random, those with kernels in bfloat16, through a disk too, and the
gallery's spaces on the tiny family; then each merges one recipe of every method into a folder. What
is compared: of every trial the values drawn, the recipe's id and all scores; of every folder the
bytes of weights, configuration and tokenizer. Most searches score by perplexity, in whose digits a
single changed bit of a weight would show.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from evomerge import zoo
from evomerge.files import cache_dir

ROOT = Path(__file__).parents[1]
SAMPLERS = ("tpe", "cmaes", "nsga2", "gp", "random")
SKILLS = ("reverse", "sort", "shift", "add")
GALLERY = (
    "dare-della",
    "frankenmerge",
    "layerwise-slerp",
    "lora-parents",
    "moe",
    "pareto",
    "per-module",
    "ties-density",
)
_TASK = """\
task: {task}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {file}}}}}
test_split: test
output_type: loglikelihood
doc_to_text: "{{{{prompt}}}}"
doc_to_target: "{{{{answer}}}}"
target_delimiter: ""
num_fewshot: 0
metric_list:
  - {{metric: perplexity, aggregation: perplexity, higher_is_better: false}}
metadata: {{version: 1}}
"""
_IGNORED = ("seconds", "message")
"""What a trial's line says that is no result: time, and words for people."""


@dataclass(frozen=True)
class Checkout:
    """One of the two, and where it works.

    Args:
        root: The checkout.
        folder: Takes its runs and merges.
    """

    root: Path
    folder: Path

    def evomerge(self, *words: str) -> str:
        """Run its command line and return what it prints.

        Raises:
            SystemExit: The command failed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        cache = self.folder / "cache"  # adapters and kernels of its own, the zoo of both
        if not cache.exists():
            cache.mkdir()
            (cache / "zoo").symlink_to(cache_dir() / "zoo", target_is_directory=True)
        own = {"PYTHONPATH": str(self.root), "HF_HUB_OFFLINE": "1", "EVOMERGE_CACHE": str(cache)}
        command = [sys.executable, "-m", "evomerge", *words]
        done = subprocess.run(
            command, cwd=self.folder, env=os.environ | own, capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(f"{self.root}: evomerge {' '.join(words)}\n{done.stderr[-3000:]}")
        return done.stdout

    def search(self, space: Path, *overrides: str) -> list[dict[str, Any]]:
        """Search a space; return a line for every trial of every stage."""
        options = [word for override in overrides for word in ("--set", override)]
        printed = self.evomerge("search", str(space), "--json", "--new", *options)
        lines = [json.loads(line) for line in printed.splitlines()]
        return [
            {key: value for key, value in line.items() if key not in _IGNORED}
            for line in lines
            if line["event"] == "trial"
        ]

    def merge(self, recipe: str, name: str) -> dict[str, str]:
        """Merge a recipe; return the hash of every file that makes up the model."""
        file = self.folder / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(recipe, encoding="utf-8")
        out = self.folder / name
        self.evomerge("merge", str(file), "-o", str(out))
        files = [f for f in sorted(out.iterdir()) if f.suffix in (".safetensors", ".json")]
        return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def searches(
    folder: Path, tasks: Path, methods: list[str]
) -> Iterator[tuple[str, Path, list[str]]]:
    """Yield name, space file and settings of every search."""
    gallery = ROOT / "search_spaces"
    yield "several methods", gallery / "methods.yaml", []
    for sampler in SAMPLERS:
        space = _written(folder / f"auto-{sampler}.yaml", tasks, {"recipes": "auto"})
        yield f"auto, {sampler}", space, [f"search.sampler={sampler}", "budget.trials=30"]
    space = _written(folder / "every-method.yaml", tasks, {"methods": methods})
    yield "every method at random", space, ["search.sampler=random", "budget.trials=120"]
    space = _written(folder / "bfloat16.yaml", tasks, {"recipes": _in_bfloat16()})
    yield "bfloat16", space, ["search.sampler=random", "budget.trials=60"]
    yield "disk", space, ["workers.mode=disk", "search.sampler=random", "budget.trials=6"]
    for name in GALLERY:
        yield name, gallery / f"{name}.yaml", ["budget.trials=6", "evaluate.held_out=0"]


def _in_bfloat16() -> list[dict[str, Any]]:
    """Return recipes of every method that has a kernel, merged in bfloat16."""
    weight, density = {"float": [0.1, 1.1]}, {"float": [0.3, 0.7]}
    gamma, epsilon = {"float": [0.01, 0.1]}, {"float": [0.05, 0.2]}
    vectors: dict[str, Any] = {"weight": weight, "density": density}
    methods: dict[str, dict[str, Any]] = {
        "linear": {"weight": weight},
        "task_arithmetic": {"weight": weight},
        "ties": vectors,
        "dare_linear": vectors,
        "dare_ties": vectors,
        "della": vectors | {"epsilon": epsilon},
        "della_linear": vectors | {"epsilon": epsilon},
        "breadcrumbs": vectors | {"gamma": gamma},
        "breadcrumbs_ties": vectors | {"gamma": gamma},
    }
    recipes: list[dict[str, Any]] = [
        {
            "merge_method": method,
            **({} if method == "linear" else {"base_model": "base"}),
            "models": [{"model": skill, "parameters": parameters} for skill in SKILLS],
            "dtype": "bfloat16",
        }
        for method, parameters in methods.items()
    ]
    pair = {"models": [{"model": "reverse"}, {"model": "sort"}], "base_model": "reverse"}
    t = {"parameters": {"t": {"float": [0, 1]}}}
    return [*recipes, {"merge_method": "slerp", **pair, **t, "dtype": "bfloat16"}]


def _written(file: Path, tasks: Path, recipes: Mapping[str, Any]) -> Path:
    models = {name: f"zoo://tiny/{name}" for name in ("base", *SKILLS)}
    evaluate = {
        "tasks": [{"task": f"ppl_{skill}", "metric": "perplexity"} for skill in SKILLS],
        "task_path": str(tasks),
        "quick": 64,
        "confirm": 32,
        "held_out": 32,
    }
    space = {"name": file.stem, "models": models, **recipes, "evaluate": evaluate}
    file.write_text(yaml.safe_dump(space, sort_keys=False), encoding="utf-8")
    return file


def _tasks(folder: Path) -> Path:
    """Write tasks that score the tiny family's documents by perplexity."""
    zoo.make("tiny", lambda text, fraction: None)
    source = Path(zoo.locate("zoo://tiny/tasks"))
    folder.mkdir()
    for skill in SKILLS:
        text = _TASK.format(task=f"ppl_{skill}", file=json.dumps(str(source / f"{skill}.jsonl")))
        (folder / f"ppl_{skill}.yaml").write_text(text, encoding="utf-8")
    return folder


def _recipes(checkout: Checkout, space: Path, methods: list[str]) -> dict[str, str]:
    """Return a sample recipe of every method, drawn by `check`."""
    found = {}
    for method in methods:
        words = ["check", str(space), "--json", "--samples", "1", "--set", f"methods=[{method}]"]
        found[method] = json.loads(checkout.evomerge(*words))["samples"][0]
    return found


def _verdict(what: str, ours: Any, theirs: Any, size: str) -> bool:
    same = bool(ours) and bool(ours == theirs)
    print(f"{'same   ' if same else 'DIFFERS'}  {what}: {size}", flush=True)
    if not same:
        pairs = zip(ours, theirs, strict=False) if isinstance(ours, list) else [(ours, theirs)]
        first = next((pair for pair in pairs if pair[0] != pair[1]), (len(ours), len(theirs)))
        print(f"         here   {first[0]}\n         there  {first[1]}", flush=True)
    return same


def main() -> None:
    """Compare this checkout with another one; exit with 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path, help="the other checkout")
    parser.add_argument("--only", default="", help="searches and merges whose name holds this")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="identical-") as name:
        folder = Path(name)
        here = Checkout(ROOT, folder / "here")
        there = Checkout(arguments.other.resolve(), folder / "there")
        tasks = _tasks(folder / "tasks")
        listed = here.evomerge("methods").splitlines()
        methods = [line.split()[0] for line in listed]
        searched = [method for method in methods if method != "passthrough"]
        same = []
        for what, space, settings in searches(folder, tasks, searched):
            if arguments.only in what:
                trials = [checkout.search(space, *settings) for checkout in (here, there)]
                same.append(_verdict(what, *trials, size=f"{len(trials[0])} trials"))
        space = folder / "every-method.yaml"
        for method, recipe in _recipes(here, space, searched).items():
            if arguments.only in f"merge {method}":
                merged = [checkout.merge(recipe, method) for checkout in (here, there)]
                same.append(_verdict(f"merge {method}", *merged, size=f"{len(merged[0])} files"))
    print(f"{sum(same)} of {len(same)} are the same")
    sys.exit(not (same and all(same)))


if __name__ == "__main__":
    main()
