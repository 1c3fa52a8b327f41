"""What a log-likelihood weighs is known as soon as those that it is compared with are."""

import numpy as np
import pytest

from evomerge.evaluate.backward import Backward
from evomerge.evaluate.losses import Losses, Term
from evomerge.settings import Objective, TaskSettings

TASKS = (TaskSettings("a", "acc", 3.0), TaskSettings("b", "acc", 1.0))
DOCUMENTS = (
    (Term((0, 1), (1.0, 1.0), (0,), compared=True),),
    (Term((2, 3), (1.0, 1.0), (1,), compared=True),),
    (),
    (Term((4,), (1.0,), (0,), compared=False),),
)


def backward(kind: Objective) -> Backward:
    return Backward(Losses(DOCUMENTS, 5), {"a": slice(0, 2), "b": slice(2, 4)}, TASKS, kind)


def test_first_passes_ask_for_what_later_ones_will_say() -> None:
    passes = [np.array([3, 1, 4]), np.array([0, 2])]
    one = backward("mean")
    assert one.early(passes).tolist() == [0, 2]
    one.know(np.array([0]), np.array([-1.0]))
    assert one.early(passes).tolist() == [2]
    assert backward("mean").early([np.arange(5)]).tolist() == []


def test_documents_weigh_as_their_tasks_do() -> None:
    one = backward("mean")
    one.know(np.arange(5), np.zeros(5))
    slopes = one.slopes(np.arange(5))
    assert slopes == pytest.approx([-3 / 16, 3 / 16, 3 / 16, -3 / 16, -1 / 4])


def test_the_worst_task_weighs_most_for_the_minimum() -> None:
    one = backward("min")
    assert one.needs_all and not backward("geometric").needs_all
    assert not one.knows(np.arange(5))
    one.know_all(np.array([0.0, 0.0, 0.0, 0.0, -9.0]))
    assert one.knows(np.arange(5))
    one.know(np.array([4]), np.array([0.0]))  # the first of the backward passes
    assert one.slopes(np.array([4, 0])) == pytest.approx([-1.0, 0.0])
