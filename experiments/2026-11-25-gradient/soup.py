"""Greedy soup (Wortsman et al. 2022, arXiv:2203.05482, recipe 1), on the search's documents."""

import time
from typing import Any

from family import Family

import evomerge
from evomerge.evaluate.objective import scalar
from evomerge.files import cache_dir
from evomerge.preflight.locating import locations
from evomerge.recipe.recipe import Recipe
from evomerge.workers.protocol import Job, Scored
from evomerge.workers.spec import worker_spec

SCALES = [round(0.05 * step, 2) for step in range(4, 31)]
"""Where the second setting looks for the best λ of the experts that were taken."""


def greedy(family: Family, method: str, seed: int, quick: int) -> dict[str, Any]:
    """Take experts in, best first, as long as the quick score does not fall.

    Args:
        family: What to merge.
        method: `linear` averages the experts; `task_arithmetic` adds their task vectors, each
            divided by their number, and then scales the sum to the best of 27 λ.
        seed: Of the documents.
        quick: Documents a task.
    """
    from evomerge.workers.worker import Worker

    space = evomerge.read_space(
        {
            "models": family.models,
            "recipes": [_document(family, method, family.experts, 1.0)],
            "evaluate": family.evaluate | {"quick": quick, "seed": seed},
        }
    )
    worker, tried = Worker(worker_spec(space, locations(space), str(cache_dir()))), 0

    def score(experts: list[str], scale: float, documents: Any = "quick") -> float:
        nonlocal tried
        tried += documents == "quick"
        written = _document(family, method, experts, scale)
        recipe = Recipe.from_document(written).with_models(family.models)
        result = worker.run(Job("soup", recipe, documents))
        assert isinstance(result, Scored), result
        return scalar(result.scores, space.evaluate.tasks, "mean")

    started = time.perf_counter()
    alone = {expert: score([expert], 1.0) for expert in family.experts}
    order = sorted(alone, key=lambda expert: -alone[expert])
    taken, best, scale = order[:1], alone[order[0]], 1.0
    for expert in order[1:]:
        if (value := score([*taken, expert], 1.0)) >= best:
            taken, best = [*taken, expert], value
    if method == "task_arithmetic":
        every = {(s, len(t)): score(t, s * len(t)) for s in SCALES for t in (taken, order)}
        scale, count = max(every, key=lambda key: every[key])
        taken = taken if count == len(taken) else order
        scale *= len(taken)
    seconds = time.perf_counter() - started
    return {
        "held_out": round(score(taken, scale, "held_out"), 4),
        "winner": f"{method} of {', '.join(taken)}, scale {scale:g}",
        "seconds": round(seconds, 1),
        "trials": tried,
    }


def _document(family: Family, method: str, experts: Any, scale: float) -> dict[str, Any]:
    share = round(scale / len(experts), 4)
    models = [{"model": name, "parameters": {"weight": share}} for name in experts]
    base = {} if method == "linear" else {"base_model": "base"}
    return {"merge_method": method, **base, "models": models, "dtype": family.dtype}
