"""Scores of tasks become what the search maximizes."""

import math

import numpy as np
import pytest

from evomerge.evaluate.objective import loss_shares, mean_losses, objective, total_loss
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


def test_the_total_loss_follows_the_objective() -> None:
    tasks = (TaskSettings("a", "acc", 3.0), TaskSettings("b", "acc"), TaskSettings("c", "acc"))
    lost = Scores(
        "quick",
        (
            TaskScore("a", "acc", 0.0, (1, 2), (0.0, 0.0), losses=(1.0, 3.0)),
            TaskScore("b", "acc", 0.0, (1, 2), (0.0, 0.0), losses=(2.2, math.nan)),
            TaskScore("c", "acc", 0.0, (1,), (0.0,)),
        ),
    )
    assert mean_losses(lost) == {"a": 2.0, "b": 2.2}
    for kind in ("mean", "geometric", "pareto"):
        assert total_loss(lost, tasks, kind) == pytest.approx((3 * 2.0 + 2.2) / 4)
    soft = total_loss(lost, tasks, "min")
    assert soft == pytest.approx(0.1 * math.log((math.exp(20) + math.exp(22)) / 2))
    assert 2.1 < soft < 2.2
    assert total_loss(Scores("quick", lost.tasks[2:]), tasks, "min") is None


@pytest.mark.parametrize("kind", ["mean", "min"])
def test_shares_are_the_derivatives_of_the_total(kind: Objective) -> None:
    tasks = (TaskSettings("a", "acc", 3.0), TaskSettings("b", "acc"))

    def total(a: float, b: float) -> float:
        own = [TaskScore(t, "acc", 0.0, (1,), (0.0,), losses=(x,)) for t, x in (("a", a), ("b", b))]
        found = total_loss(Scores("quick", tuple(own)), tasks, kind)
        assert found is not None
        return found

    shares = loss_shares({"a": 2.0, "b": 2.05}, tasks, kind)
    assert shares["a"] == pytest.approx((total(2.001, 2.05) - total(1.999, 2.05)) / 0.002, rel=1e-4)
    assert sum(shares.values()) == pytest.approx(1.0)
