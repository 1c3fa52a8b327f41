"""What a difference of scores on so many documents can and cannot show."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evomerge.evaluate.objective import combine
from evomerge.evaluate.scores import Scores
from evomerge.settings import Objective, TaskSettings

_Z_CONFIDENCE = 1.959964
_Z_POWER = 0.841621


@dataclass(frozen=True)
class Gain:
    """A value, or the paired difference of two, with its confidence interval.

    Args:
        gain: The point estimate, in the objective's own unit.
        low: Lower end of the interval; NaN where documents have no values of their own.
        high: Upper end, likewise.
        n_docs: Documents that it rests on, over all tasks.
    """

    gain: float
    low: float
    high: float
    n_docs: int

    @property
    def above_zero(self) -> bool:
        """Whether the whole interval lies above zero."""
        return self.low > 0

    @property
    def below_zero(self) -> bool:
        """Whether the whole interval lies below zero."""
        return self.high < 0


def paired_gain(
    a: Scores,
    b: Scores,
    tasks: Sequence[TaskSettings],
    kind: Objective,
    *,
    seed: int = 0,
    resamples: int = 10_000,
    confidence: float = 0.95,
) -> Gain:
    """Return how much better `a` is than `b` on the same documents.

    Documents are resampled within each task, the same ones for both, and the objective is
    computed anew from each resample's means; `pareto` is judged by the weighted mean.

    Source: paired bootstrap, Koehn 2004, Statistical Significance Tests for Machine Translation
    Evaluation, section 3; percentile interval, Efron and Tibshirani 1993, chapter 13.

    Args:
        a: Scores of one recipe.
        b: Scores of another on the same documents.
        tasks: The space's tasks.
        kind: The objective.
        seed: Seed of the resampling.
        resamples: Number of resamples, ≥ 100.
        confidence: Coverage of the interval, in (0, 1).

    Raises:
        ValueError: The two were scored on different documents.
    """
    kind = "mean" if kind == "pareto" else kind
    point = combine(_values(a, tasks), tasks, kind)[0] - combine(_values(b, tasks), tasks, kind)[0]
    for task in tasks:
        if a[task.task].doc_ids != b[task.task].doc_ids:
            raise ValueError(f"{task.task}: scored on different documents")
    return _interval(point, [a, b], tasks, kind, seed, resamples, confidence)


def interval(
    scores: Scores,
    tasks: Sequence[TaskSettings],
    kind: Objective,
    *,
    seed: int = 0,
    resamples: int = 10_000,
    confidence: float = 0.95,
) -> Gain:
    """Return a recipe's objective with its bootstrap interval; see `paired_gain`."""
    kind = "mean" if kind == "pareto" else kind
    point = combine(_values(scores, tasks), tasks, kind)[0]
    return _interval(point, [scores], tasks, kind, seed, resamples, confidence)


def smallest_difference(a: Scores, b: Scores, tasks: Sequence[TaskSettings]) -> float:
    """Return the smallest gain in the weighted mean that these documents show in 4 of 5 tries.

    From the variance of the paired differences, at 95% confidence and 80% power; NaN where
    documents have no values of their own.

    Source: Card et al. 2020, With Little Power Comes Great Responsibility, arXiv:2010.06595,
    section 3.
    """
    total = sum(task.weight for task in tasks)
    variance = 0.0
    for task in tasks:
        paired = np.subtract(a[task.task].per_doc, b[task.task].per_doc)
        if len(paired) < 2:
            return math.nan
        variance += (task.weight / total) ** 2 * float(np.var(paired, ddof=1)) / len(paired)
    return (_Z_CONFIDENCE + _Z_POWER) * math.sqrt(variance)


def _values(scores: Scores, tasks: Sequence[TaskSettings]) -> dict[str, float]:
    return {t.task: scores[t.task].value * _sign(scores, t.task) for t in tasks}


def _sign(scores: Scores, task: str) -> int:
    return 1 if scores[task].higher_is_better else -1


def _interval(
    point: float,
    models: Sequence[Scores],
    tasks: Sequence[TaskSettings],
    kind: Objective,
    seed: int,
    resamples: int,
    confidence: float,
) -> Gain:
    """Bootstrap the objective of the first model, less that of the second if there is one."""
    rng = np.random.default_rng(seed)
    n_docs = sum(len(models[0][task.task].doc_ids) for task in tasks)
    means: list[list[np.ndarray]] = [[] for _ in models]
    for task in tasks:
        rows = np.array([scores[task.task].per_doc for scores in models], dtype=float)
        if rows.shape[1] == 0 or np.isnan(rows).any():
            return Gain(point, math.nan, math.nan, n_docs)
        drawn = rng.integers(rows.shape[1], size=(resamples, rows.shape[1]))
        for model, row in enumerate(rows):
            means[model].append(row[drawn].mean(axis=1) * _sign(models[model], task.task))
    weights = np.array([task.weight for task in tasks])
    values = [_combine(np.stack(columns), weights, kind) for columns in means]
    differences = values[0] - values[1] if len(values) == 2 else values[0]
    tail = (1 - confidence) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    return Gain(point, float(low), float(high), n_docs)


def _combine(means: np.ndarray, weights: np.ndarray, kind: Objective) -> np.ndarray:
    """The objective of every resample: `combine` over arrays of shape (tasks, resamples)."""
    share = (weights / weights.sum())[:, None]
    if kind == "min":
        return np.asarray(means.min(axis=0))
    if kind == "geometric":
        logs = np.log(np.maximum(means, np.finfo(float).tiny))
        return np.where((means > 0).all(axis=0), np.exp((share * logs).sum(axis=0)), 0.0)
    return np.asarray((share * means).sum(axis=0))
