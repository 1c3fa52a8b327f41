"""Intervals that cover, differences that are seen, and sentences that claim no more."""

import math

import numpy as np
import pytest

from evomerge.evaluate.objective import objective
from evomerge.evaluate.scores import Scores, TaskScore
from evomerge.evaluate.statistics import Gain, interval, paired_gain, smallest_difference, verdict
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


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("mean", (0.5 + 3 * 0.8) / 4),
        ("min", 0.5),
        ("geometric", (0.5 * 0.8**3) ** 0.25),
        ("pareto", None),
    ],
)
def test_objectives(kind: Objective, value: float | None) -> None:
    made = objective(scores(np.array([0, 1.0]), np.array([1, 1, 1, 1, 0.0])), TASKS, kind)
    assert made == pytest.approx((0.5, 0.8) if value is None else (value,))


def test_lower_is_better_is_turned() -> None:
    assert objective(scores(np.array([2.0]), np.array([2.0]), False), TASKS, "mean") == (-2.0,)


def test_geometric_of_zero_is_zero() -> None:
    assert objective(scores(np.array([0.0]), np.array([1.0])), TASKS, "geometric") == (0.0,)


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


BETTER, SAME, WORSE = Gain(0.1, 0.05, 0.15, 9), Gain(0.01, -0.1, 0.1, 9), Gain(-0.1, -0.2, -0.01, 9)


@pytest.mark.parametrize(
    ("parent", "blend", "sentence"),
    [
        (
            BETTER,
            BETTER,
            "The winner beats the best parent (p) by 0.100 and beats the best fixed blend (b) "
            "by 0.100.",
        ),
        (
            BETTER,
            SAME,
            "The winner beats the best parent (p) by 0.100 and cannot be told apart from the best "
            "fixed blend (b): searching added nothing that these documents can show over a fixed "
            "blend.",
        ),
        (WORSE, None, "The winner is worse than the best parent (p) by 0.100."),
        (None, None, "There was nothing to compare the winner with."),
    ],
)
def test_verdicts(parent: Gain | None, blend: Gain | None, sentence: str) -> None:
    assert verdict(parent, blend, "p", "b") == sentence


def test_a_fixed_blend_that_wins_is_called_one() -> None:
    sentence = verdict(BETTER, SAME, "p", "b", itself_a_blend=True)
    assert sentence == (
        "The winner is itself a fixed blend; it beats the best parent (p) by 0.100: "
        "searching added nothing."
    )
