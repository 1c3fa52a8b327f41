"""From a task's scores to the number, or numbers, that the search maximizes."""

import math
from collections.abc import Mapping, Sequence

from evomerge.evaluate.scores import Scores
from evomerge.settings import Objective, TaskSettings


def objective(scores: Scores, tasks: Sequence[TaskSettings], kind: Objective) -> tuple[float, ...]:
    """Return the objective of a recipe's scores; higher is better.

    A metric for which lower is better counts with its sign turned.

    Args:
        scores: One score for each of `tasks`.
        tasks: The space's tasks, with their weights.
        kind: `mean` and `geometric` (weighted), `min`, or `pareto`.

    Returns:
        One value, or for `pareto` one for each task in the order of `tasks`.
    """
    values = {
        t.task: scores[t.task].value if scores[t.task].higher_is_better else -scores[t.task].value
        for t in tasks
    }
    return combine(values, tasks, kind)


def combine(
    values: Mapping[str, float], tasks: Sequence[TaskSettings], kind: Objective
) -> tuple[float, ...]:
    """Return the objective of one value a task; see `objective`.

    The geometric mean is 0 where any value is not above 0.
    """
    ordered = [values[task.task] for task in tasks]
    weights = [task.weight for task in tasks]
    if kind == "pareto":
        return tuple(ordered)
    if kind == "min":
        return (min(ordered),)
    total = sum(weights)
    if kind == "mean":
        return (sum(w * v for w, v in zip(weights, ordered, strict=True)) / total,)
    if min(ordered) <= 0:
        return (0.0,)
    return (math.exp(sum(w * math.log(v) for w, v in zip(weights, ordered, strict=True)) / total),)


def scalar(scores: Scores, tasks: Sequence[TaskSettings], kind: Objective) -> float:
    """Return the one value by which recipes are ranked; for `pareto` the weighted mean."""
    return objective(scores, tasks, "mean" if kind == "pareto" else kind)[0]
