"""A pool that scores recipes by a formula, wrappers that trouble it, and a space to search.

Run as a program it searches that space: `synthetic.py RUNS_DIR SAMPLER TRIALS PAUSE_S`.
"""

import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from evomerge.errors import Failure
from evomerge.evaluate.scores import Scores, TaskScore
from evomerge.recipe.leaves import leaves
from evomerge.recipe.recipe import Recipe
from evomerge.space.reading.load import read_space
from evomerge.space.space import Space
from evomerge.workers.protocol import Failed, Gradient, Job, Scored, TrialResult, WorkerPool

TASKS = ("t0", "t1")
OFFSETS = {"quick": 0, "confirm": 1000, "held_out": 2000}
N_DOCS = {"quick": 40, "confirm": 40, "held_out": 60}

FLAT = """
name: toy
models: {base: /models/base, a: /models/a, b: /models/b}
recipes:
  - merge_method: task_arithmetic
    base_model: base
    models:
      - {model: a, parameters: {weight: {float: [0, 1.2]}}}
      - {model: b, parameters: {weight: {float: [0, 1.2]}}}
    dtype: float32
"""
BRANCHED = """
name: toy
models: {base: /models/base, a: /models/a, b: /models/b}
recipes:
  - merge_method: {choice: [ties, dare_ties]}
    base_model: base
    models:
      - {model: a, parameters: {weight: {float: [0, 1.2]}, density: {float: [0.2, 1]}}}
      - {model: b, parameters: {weight: {float: [0, 1.2]}, density: {float: [0.2, 1]}}}
    dtype: float32
  - merge_method: slerp
    base_model: a
    models: [{model: a}, {model: b}]
    parameters: {t: {float: [0, 1], layers: 3}}
    dtype: float32
"""
SETTINGS = """
evaluate:
  tasks: [{{task: t0, metric: acc}}, {{task: t1, metric: acc}}]
  quick: 40
  confirm: {confirm}
  held_out: {held_out}
objective: {objective}
search: {{sampler: {sampler}, seed: 3, finalists: 3}}
budget: {{trials: {trials}}}
"""


def toy_space(
    text: str = FLAT,
    *,
    sampler: str = "random",
    trials: int = 8,
    objective: str = "mean",
    confirm: int = 40,
    held_out: int = 60,
    gradient: str = "",
    workers: int = 1,
    folder: Path = Path("/spaces"),
) -> Space:
    settings = SETTINGS.format(
        confirm=confirm, held_out=held_out, objective=objective, sampler=sampler, trials=trials
    )
    if gradient:
        settings = settings.replace("search: {", f"search: {{gradient: {{{gradient}}}, ")
    if workers > 1:
        settings += f"workers: {{count: {workers}}}\n"
    return read_space(text + settings, folder / "toy.yaml")


def numbers(node: Any) -> list[float]:
    if isinstance(node, Mapping):
        return [n for key in sorted(node) for n in numbers(node[key])]
    if isinstance(node, list):
        return [n for item in node for n in numbers(item)]
    return [float(node)] if isinstance(node, int | float) else []


def formula(recipe: Recipe, documents: str) -> Scores:
    """Score each document: right when the recipe's quality exceeds the document's difficulty."""
    values = np.array(numbers(recipe.document) or [0.0])
    scores = []
    for index, task in enumerate(TASKS):
        quality = 0.9 - np.mean((values - 0.4 - 0.3 * index) ** 2) - 0.02 * len(recipe.method) / 9
        ids = tuple(range(OFFSETS[documents], OFFSETS[documents] + N_DOCS[documents]))
        difficulty = np.random.default_rng([index, ids[0]]).random(len(ids))
        per_doc = tuple(float(q) for q in quality > difficulty)
        scores.append(TaskScore(task, "acc", float(np.mean(per_doc)), ids, per_doc))
    return Scores(documents, tuple(scores))


def gradient(recipe: Recipe) -> Gradient:
    """Return the loss that `formula` falls with, and its exact derivatives."""
    values = np.array(numbers(recipe.document) or [0.0])
    at = leaves(recipe.document)
    loss, slopes = 0.0, dict.fromkeys(at, 0.0)
    for index in range(len(TASKS)):
        away = values - 0.4 - 0.3 * index
        loss += float(np.mean(away**2)) / len(TASKS)
        for leaf, value in at.items():
            slopes[leaf] += 2 * (value - 0.4 - 0.3 * index) / len(values) / len(TASKS)
    return Gradient(loss, slopes)


class FormulaPool:
    """Scores by `formula`, at once; `scored` lists every job that ran."""

    def __init__(self, capacity: int = 1, newest_first: bool = False) -> None:
        self._capacity, self._newest_first = capacity, newest_first
        self._jobs: deque[Job] = deque()
        self.scored: list[Job] = []
        self.most_in_flight = 0

    @property
    def capacity(self) -> int:
        return self._capacity

    def submit(self, job: Job) -> None:
        assert len(self._jobs) < self._capacity
        self._jobs.append(job)
        self.most_in_flight = max(self.most_in_flight, len(self._jobs))

    def next_result(self) -> TrialResult:
        job = self._jobs.pop() if self._newest_first else self._jobs.popleft()
        self.scored.append(job)
        scores = formula(job.recipe, job.documents)
        found = gradient(job.recipe) if job.gradient else None
        return Scored(job.key, scores, seconds={"total": 0.01}, gradient=found)

    def close(self) -> None:
        self._jobs.clear()


class Troubled:
    """A pool around a pool that changes its results, or does something before each."""

    def __init__(self, pool: WorkerPool, change: Callable[[TrialResult, int], TrialResult]) -> None:
        self._pool, self._change, self._count = pool, change, 0

    @property
    def capacity(self) -> int:
        return self._pool.capacity

    def submit(self, job: Job) -> None:
        self._pool.submit(job)

    def next_result(self) -> TrialResult:
        result = self._change(self._pool.next_result(), self._count)
        self._count += 1
        return result

    def close(self) -> None:
        self._pool.close()


def failing(pool: WorkerPool, when: Callable[[int], bool]) -> Troubled:
    """Make the results whose running number satisfies `when` fail."""

    def change(result: TrialResult, count: int) -> TrialResult:
        if not when(count):
            return result
        return Failed(result.key, Failure.OUT_OF_MEMORY, "no memory", seconds=result.seconds)

    return Troubled(pool, change)


def noisy(pool: WorkerPool, sd: float) -> Troubled:
    """Add Gaussian noise to every task's value."""
    rng = np.random.default_rng(0)

    def change(result: TrialResult, count: int) -> TrialResult:
        assert isinstance(result, Scored)
        tasks = tuple(
            replace(t, value=t.value + float(rng.normal(0, sd))) for t in result.scores.tasks
        )
        return replace(result, scores=replace(result.scores, tasks=tasks))

    return Troubled(pool, change)


def slow(pool: WorkerPool, seconds: float) -> Troubled:
    """Take a while over every result."""

    def change(result: TrialResult, count: int) -> TrialResult:
        time.sleep(seconds)
        return result

    return Troubled(pool, change)


def main(runs_dir: str, sampler: str, trials: str, pause_s: str) -> None:
    from evomerge.search.driver import run_search
    from evomerge.search.records.run import Run

    space = toy_space(BRANCHED, sampler=sampler, trials=int(trials))
    with Run.open(space, Path(runs_dir), resume=True) as run:
        run_search(run, slow(FormulaPool(), float(pause_s)))


if __name__ == "__main__":
    main(*sys.argv[1:])
