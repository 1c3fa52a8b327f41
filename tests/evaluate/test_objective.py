"""Scores of tasks become what the search maximizes."""

import numpy as np
import pytest

from evomerge.evaluate.objective import objective
from evomerge.evaluate.scores import Scores, TaskScore
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
