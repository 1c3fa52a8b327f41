"""Intervals that cover, and differences that are seen."""

import math

import numpy as np
import pytest

from evomerge.evaluate.scores import Scores, TaskScore
from evomerge.evaluate.statistics import Gain, interval, paired_gain, smallest_difference
from evomerge.settings import Objective, TaskSettings

TASKS = (TaskSettings("x", "acc"), TaskSettings("y", "acc", 3.0))


def scores(x: np.ndarray, y: np.ndarray, higher: bool = True) -> Scores:
    return Scores(
        "held_out",
        tuple(
            TaskScore(
                name,
                "acc",
                float(np.mean(row)),
                tuple(range(len(row))),
                tuple(map(float, row)),
                higher,
            )
            for name, row in (("x", x), ("y", y))
        ),
    )


def test_a_model_does_not_differ_from_itself() -> None:
    one = scores(np.array([0, 1.0, 1]), np.array([1, 0.0]))
    assert paired_gain(one, one, TASKS, "mean") == Gain(0.0, 0.0, 0.0, 5)
    assert smallest_difference(one, one, TASKS) == 0


def test_pairing_sees_what_unpaired_intervals_do_not() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 2, 200).astype(float), rng.integers(0, 2, 200).astype(float)
    better_x, better_y = x.copy(), y.copy()
    better_x[:15] = better_y[:15] = 1
    a, b = scores(better_x, better_y), scores(x, y)
    assert paired_gain(a, b, TASKS, "mean").above_zero
    assert interval(a, TASKS, "mean").low < interval(b, TASKS, "mean").high


@pytest.mark.parametrize("kind", ["mean", "min", "geometric"])
def test_intervals_cover_the_truth_about_as_often_as_they_say(kind: Objective) -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        a = scores(rng.random(150) < 0.6, rng.random(150) < 0.7)
        b = scores(rng.random(150) < 0.5, rng.random(150) < 0.7)
        truth = {
            "mean": 0.1 / 4,
            "min": 0.1,
            "geometric": (0.6 * 0.7**3) ** 0.25 - (0.5 * 0.7**3) ** 0.25,
        }[kind]
        gain = paired_gain(a, b, TASKS, kind, resamples=400)
        covered += gain.low <= truth <= gain.high
    assert 0.88 <= covered / 200 <= 1


def test_the_smallest_difference_is_seen_in_four_of_five_tries() -> None:
    rng = np.random.default_rng(2)
    task = (TaskSettings("x", "acc"),)
    seen = 0
    truth = 0.1
    needed: list[float] = []
    for _ in range(200):
        base = rng.random(400) < 0.5
        better = np.where(rng.random(400) < 2 * truth, True, base)
        a, b = scores(better, better), scores(base, base)
        needed.append(smallest_difference(a, b, task))
        seen += paired_gain(a, b, task, "mean", resamples=300).above_zero
    assert seen / 200 > 0.95
    assert 0.03 < np.mean(needed) < truth


def test_corpus_metrics_have_no_interval() -> None:
    one = scores(np.array([math.nan]), np.array([1.0]))
    assert math.isnan(paired_gain(one, one, TASKS, "mean").low)


def test_different_documents_are_refused() -> None:
    one = scores(np.array([0, 1.0]), np.array([1.0]))
    other = scores(np.array([0.0]), np.array([1.0]))
    with pytest.raises(ValueError, match="different documents"):
        paired_gain(one, other, TASKS, "mean")
