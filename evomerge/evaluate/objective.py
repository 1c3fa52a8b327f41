"""From a task's scores to the number, or numbers, that the search maximizes; and to its loss."""

import math
from collections.abc import Mapping, Sequence

from evomerge.evaluate.scores import Scores
from evomerge.settings import Objective, TaskSettings

_SOFTNESS = 0.1
"""Nats by which a task's loss may lie below the worst one's and still count 1/e as much. On four
choices about three points of accuracy: what a few hundred documents hardly tell apart."""


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


def mean_losses(scores: Scores) -> dict[str, float]:
    """Return the mean loss of a task's documents, of each task that has losses."""
    found: dict[str, float] = {}
    for score in scores.tasks:
        known = [loss for loss in score.losses or () if not math.isnan(loss)]
        if known:
            found[score.task] = sum(known) / len(known)
    return found


def total_loss(scores: Scores, tasks: Sequence[TaskSettings], kind: Objective) -> float | None:
    """Return the loss that stands for a recipe's objective; lower is better.

    Args:
        scores: A recipe's scores.
        tasks: The space's tasks, with their weights.
        kind: `mean`, `geometric` and `pareto` give the weighted mean of the tasks' mean losses:
            log-likelihoods are logarithms already. `min` gives a soft maximum of them,
            s log(mean exp(loss / s)), without weights, as the objective has none.

    Returns:
        None where no task has a loss.
    """
    means = mean_losses(scores)
    if not means:
        return None
    if kind == "min":
        worst = max(means.values())
        raised = [math.exp((mean - worst) / _SOFTNESS) for mean in means.values()]
        return worst + _SOFTNESS * math.log(sum(raised) / len(raised))
    shares = loss_shares(means, tasks, kind)
    return sum(share * means[task] for task, share in shares.items())


def loss_shares(
    means: Mapping[str, float], tasks: Sequence[TaskSettings], kind: Objective
) -> dict[str, float]:
    """Return the derivative of `total_loss` by the mean loss of each task; they sum to 1.

    Args:
        means: Task → mean loss; only for `min` does its value matter.
        tasks: The space's tasks.
        kind: The objective.
    """
    worst = max(means.values(), default=0.0)
    raised = {
        task.task: math.exp((means[task.task] - worst) / _SOFTNESS)
        if kind == "min"
        else task.weight
        for task in tasks
        if task.task in means
    }
    total = sum(raised.values())
    return {task: value / total for task, value in raised.items()}
