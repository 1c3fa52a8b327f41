import pytest
from synthetic import FLAT, toy_space

from evomerge.recipe.recipe import Recipe
from evomerge.search.descent.given_up import given_up
from evomerge.search.records.record import Pending, Step

FIXED = FLAT.replace("{float: [0, 1.2]}", "{choice: [0.1, 0.2]}")


@pytest.mark.parametrize(
    ("text", "sampler", "step", "told"),
    [
        (FLAT, "gradient", None, True),
        (FLAT, "gradient", Step(0, 0, 9, 0.1), False),
        (FLAT, "tpe", None, False),
        (FIXED, "gradient", None, False),
    ],
    ids=["given up", "a step", "another sampler", "nothing to learn"],
)
def test_it_is_told_where_steps_could_be_and_are_not(
    text: str, sampler: str, step: Step | None, told: bool
) -> None:
    pending = Pending(0, "search", "sampled", "trial 0", {}, Recipe("{}"), step=step)
    found = given_up(toy_space(text, sampler=sampler), pending)
    assert bool(found) is told
    assert found is None or "task_arithmetic" in found
