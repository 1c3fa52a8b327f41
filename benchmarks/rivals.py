"""A trial without evomerge: by two processes, or by one that goes over the disk.

Both merge on the number of threads that the exported recipe names: mergekit's dare and della give
other last bits on two threads than on one.
"""

import io
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import redirect_stderr
from functools import cache
from pathlib import Path
from typing import Any

import measuring

from evomerge.merge.export import export_yaml
from evomerge.merge.rebuild import merge_threads
from evomerge.recipe.recipe import Recipe
from evomerge.workers.protocol import WorkerSpec

Documents = Mapping[str, list[int]]
ROWS = 32
"""Rows of a batch in lm-eval's own forward passes."""


def by_processes(recipe: Recipe, spec: WorkerSpec, documents: Documents) -> float:
    """Return the seconds of `mergekit-yaml` and then `lm_eval`."""
    located = recipe.with_models(spec.locations)
    with measuring.scratch(1) as folder:
        config = folder / "recipe.yaml"
        config.write_text(export_yaml(recipe, spec.locations, lora_cache=spec.cache))
        binaries = Path(sys.executable).parent
        merge: list[Any] = [binaries / "mergekit-yaml", config, folder / "out"]
        merge += ["--random-seed", located.seed]
        merge += ["--lora-merge-cache", spec.cache]
        if (threads := merge_threads(located)) is not None:
            merge += ["--num-threads", threads]
        score: list[Any] = [binaries / "lm_eval", "run", "--model", "hf", "--device", "cpu"]
        score += ["--model_args", f"pretrained={folder}/out,dtype=auto"]
        score += ["--tasks", ",".join(documents), "--samples", json.dumps(documents)]
        score += ["--batch_size", ROWS]
        score += ["--include_path", spec.evaluate.task_path]  # beside the index of its own tasks
        started = time.perf_counter()
        for command in (merge, score):
            done = subprocess.run([str(w) for w in command], capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{command[0]} failed:\n{done.stderr[-2000:]}")
        return time.perf_counter() - started


@cache
def _index(path: str) -> Any:
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=path, include_defaults=False)


def by_one_process(
    recipe: Recipe, spec: WorkerSpec, documents: Documents
) -> tuple[float, int, dict[str, Any]]:
    """Merge with `run_merge` into a folder, load it with `HFLM`, score with `simple_evaluate`.

    Returns:
        Its seconds; how many tokens the model must read at least, prompts that requests share
        counted once; lm-eval's results by task.
    """
    import torch
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from mergekit.config import MergeConfiguration
    from mergekit.merge import run_merge
    from mergekit.options import MergeOptions

    located = recipe.with_models(spec.locations)
    options = MergeOptions(
        random_seed=located.seed,
        lora_merge_cache=spec.cache,
        write_model_card=False,
        quiet=True,
    )
    threads = torch.get_num_threads()
    manager = _index(str(spec.evaluate.task_path))
    with measuring.scratch(1) as folder, redirect_stderr(io.StringIO()):  # progress bars
        started = time.perf_counter()
        torch.set_num_threads(merge_threads(located) or threads)
        run_merge(MergeConfiguration.model_validate(located.document), str(folder), options)
        torch.set_num_threads(threads)
        model = HFLM(pretrained=str(folder), dtype="auto", device="cpu", batch_size=ROWS)
        results = simple_evaluate(
            model=model,
            tasks=list(documents),
            samples=documents,
            task_manager=manager,
            bootstrap_iters=0,
        )
        taken = time.perf_counter() - started
    return taken, _tokens(results["samples"], model), results["results"]


def _tokens(samples: Mapping[str, list[dict[str, Any]]], model: Any) -> int:
    pairs = {
        (context, continuation)
        for documents in samples.values()
        for document in documents
        for context, continuation in document["arguments"]
    }
    encoded = [model._encode_pair(*pair) for pair in pairs]
    prompts = {tuple(prompt) for prompt, _ in encoded}
    return sum(map(len, prompts)) + sum(len(answer) - 1 for _, answer in encoded)
