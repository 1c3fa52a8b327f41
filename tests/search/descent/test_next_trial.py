from dataclasses import replace
from typing import Any

from optuna.trial import FrozenTrial
from synthetic import BRANCHED, FLAT, toy_space

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
    return planner.decide(len(trials), trials, choose)


def at(number: int, step: Step, value: float, weight: float = 0.5) -> FrozenTrial:
    return trial(number, step, {A: weight, B: weight}, value=value, slope=1.0)


def test_a_chain_is_no_longer_than_the_budget_leaves() -> None:
    assert [decide([], budget=budget).step for budget in (60, 12)] == [
        Step(0, 0, 20, 0.1),
        Step(0, 0, 12, 0.1),
    ]


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
