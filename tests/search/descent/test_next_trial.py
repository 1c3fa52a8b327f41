from dataclasses import replace
from typing import Any

import pytest
from optuna.trial import FrozenTrial, TrialState
from synthetic import BRANCHED, FLAT, toy_space

from evomerge.errors import Failure
from evomerge.search.descent.next_trial import NextTrial, Proposal
from evomerge.search.records.record import Step

from .trials import trial

A, B = "task_arithmetic.weight[a]", "task_arithmetic.weight[b]"


def first(name: str, values: tuple[Any, ...]) -> Any:
    return values[0]


def decide(
    trials: list[FrozenTrial], text: str = FLAT, budget: int = 60, choose: Any = first
) -> Proposal:
    planner = NextTrial(toy_space(text, sampler="gradient", trials=budget), (), 0)
    return planner.decide(trials, choose)


def at(number: int, step: Step, value: float, weight: float = 0.5) -> FrozenTrial:
    return trial(number, step, {A: weight, B: weight}, value=value, slope=1.0)


def test_a_chain_is_no_longer_than_the_budget_leaves() -> None:
    assert [decide([], budget=budget).step for budget in (60, 12)] == [
        Step(0, 0, 20, 0.1),
        Step(0, 0, 12, 0.1),
    ]


def test_nor_than_what_the_chains_leave_that_are_still_to_start() -> None:
    trials: list[FrozenTrial] = []
    for number, method in enumerate(("ties", "dare_ties", "slerp")):
        step = decide(trials, BRANCHED, budget=20).step
        assert step == Step(number, 0, 18, 0.1)
        made = at(number, step, 0.5 + number / 10)
        made.params = {"recipe": "slerp"} if method == "slerp" else {"recipe": "recipe0"}
        made.params |= {"recipe0.merge_method": method} if method != "slerp" else {}
        trials.append(made)


def test_a_stack_learns_what_its_chain_has_drawn() -> None:
    stack = """
name: toy
models: {a: /models/a, b: /models/b}
recipes:
  - merge_method: passthrough
    stack: {models: [a, b], layers: 8, blocks: {int: [2, 4]}, length: 3,
      parameters: {scale: {float: [0.5, 1.2]}}}
"""
    names = ["passthrough.scale[block0]", "passthrough.scale[block1]"]
    step = decide([], stack).step
    assert step is not None
    drawn = {"passthrough.blocks": 2.0, **dict.fromkeys(names, 0.9)}
    found = decide([trial(0, step, drawn, value=0.5, slope=1.0)], stack)
    assert found.values == {"passthrough.blocks": 2.0, **dict.fromkeys(names, 0.8)}


OTHER = (Failure.OUT_OF_MEMORY, Failure.WORKER_DIED, Failure.INVALID_RECIPE)


@pytest.mark.parametrize(
    ("failures", "gives_up"),
    [
        ([Failure.NO_GRADIENT] * 2, True),
        ([Failure.NO_GRADIENT, *OTHER], False),
        ([Failure.NO_GRADIENT, *OTHER, Failure.NO_GRADIENT], True),
        ([None, Failure.NO_GRADIENT], True),
    ],
)
def test_only_what_says_so_has_no_gradient(failures: list[Failure | None], gives_up: bool) -> None:
    """None stands for scores without a gradient."""
    trials = []
    for number, failure in enumerate(failures):
        made = trial(number, Step(number, 0, 20, 0.1), {A: 0.5, B: 0.5}, failure=failure)
        if failure is None:
            made.state, made.value = TrialState.COMPLETE, 0.5
        trials.append(made)
    assert (decide(trials).step is None) is gives_up
    if gives_up:
        trials.append(at(len(trials), Step(9, 0, 20, 0.1), 0.5))
        assert decide(trials).step is not None


def test_the_best_chain_that_waits_steps_on() -> None:
    trials = [at(n, Step(n, 0, 5, 0.1), value) for n, value in enumerate((0.3, 0.6, 0.5))]
    assert decide(trials).step == Step(1, 1, 5, 0.1)


def test_a_chain_that_is_over_is_gone_on_from_its_best_point() -> None:
    over = [at(0, Step(0, 0, 2, 0.1), 0.6, 0.5), at(1, Step(0, 1, 2, 0.1), 0.5, 0.4)]
    found = decide(over)
    assert found.step == Step(1, 0, 20, 0.05, 0)
    assert found.values == {A: 0.45, B: 0.45}
    again = [*over, at(2, Step(1, 0, 1, 0.05, 0), 0.4, 0.45)]
    assert decide(again).step == Step(2, 0, 20, 0.025, 2)


def test_one_that_has_come_to_rest_is_left_for_another_start() -> None:
    rest = [at(0, Step(0, 0, 9, 0.1), 0.6, 0.0), at(1, Step(0, 1, 9, 0.1), 0.6, 0.0)]
    found = decide(rest)
    assert found.step == Step(1, 0, 20, 0.1)
    assert found.distributions == {}


def test_where_something_has_no_derivative_every_other_chain_starts_afresh() -> None:
    seen: list[str] = []

    def choose(name: str, values: tuple[Any, ...]) -> Any:
        seen.append(name)
        return values[-1]

    choices = [
        {"recipe": "recipe0", "recipe0.merge_method": "ties"},
        {"recipe": "recipe0", "recipe0.merge_method": "dare_ties"},
        {"recipe": "slerp"},
    ]
    trials: list[FrozenTrial] = []
    for number, one in enumerate(choices):
        assert decide(trials, BRANCHED, choose=choose).values.items() >= one.items()
        made = at(number, Step(number, 0, 1, 0.1), 0.5)
        made.params = {**one, "slerp.t[0]": 0.5, "slerp.t[1]": 0.5, "slerp.t[2]": 0.5}
        made.params |= {"recipe0.weight[a]": 0.5, "recipe0.weight[b]": 0.5}
        trials.append(made)
    assert not seen
    on = decide(trials, BRANCHED, choose=choose)
    assert on.step is not None
    assert on.step.origin == 0
    trials.append(trial(3, replace(on.step, length=1), trials[0].params, value=0.5, slope=1.0))
    afresh = decide(trials, BRANCHED, choose=choose)
    assert afresh.step == Step(4, 0, 20, 0.1)
    assert (seen, afresh.values["recipe"]) == (["recipe"], "slerp")
