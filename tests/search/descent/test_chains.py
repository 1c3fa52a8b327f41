import math
from dataclasses import replace

import pytest
from optuna.trial import FrozenTrial, TrialState

from evomerge.search.descent.adam import Adam
from evomerge.search.descent.chains import Chain, read_chains, root_of
from evomerge.search.records.record import Step
from evomerge.space.domains import FloatDomain

from .trials import trial

DOMAINS = {"w": FloatDomain(0, 2)}


def step(number: int, chain: int = 0, origin: int | None = None) -> Step:
    return Step(chain, number, 5, 0.1, origin)


def good(number: int, at: float, value: float = 0.5, slope: float = 1.0) -> FrozenTrial:
    return trial(number, step(number), at, value=value, slope=slope)


def chain_of(*trials: FrozenTrial) -> Chain:
    return read_chains(trials)[0]


def after(rate: float, *points: float) -> float:
    adam = Adam(DOMAINS)
    for point in points:
        adam.tell({"w": point}, {"w": 1.0})
    return adam.ask(rate)["w"]


def test_the_rate_falls_along_a_cosine_over_the_moves() -> None:
    points = [1.0, 0.9, 0.8, 0.7]
    for done in range(1, 5):
        chain = chain_of(*(good(n, points[n]) for n in range(done)))
        rate = 0.1 * (1 + math.cos(math.pi * (done - 1) / 4)) / 2
        assert chain.next_step() == step(done)
        assert chain.next_point(DOMAINS, {}, 0.0) == {"w": after(rate, *points[:done])}
        assert not chain.is_over
    assert chain_of(*(good(n, 1 - n / 10) for n in range(5))).is_over


def test_a_chain_that_goes_on_begins_with_the_slopes_of_its_origin() -> None:
    origin = good(0, 1.0)
    begun = Chain(step(0, 1, 0), (), origin)
    assert begun.next_point(DOMAINS, {}, 0.0) == {"w": after(0.1, 1.0)} == {"w": 0.9}
    own = trial(1, step(0, 1, 0), 0.9, value=0.4, slope=1.0)
    chains = read_chains([origin, own])
    assert chains[1].path == [origin, own]
    assert chains[1].best is own
    assert chains[1].promise == (0.5, -1.0)
    assert root_of(chains[1], chains) == chains[0]
    rate = 0.1 * (1 + math.cos(math.pi / 5)) / 2
    assert chains[1].next_point(DOMAINS, {}, 0.0) == {"w": after(rate, 1.0, 0.9)}


def test_a_step_that_failed_is_tried_again_at_half_the_rate() -> None:
    whole = chain_of(good(0, 1.0)).next_point(DOMAINS, {}, 0.0)["w"]
    assert whole == pytest.approx(0.9)
    once = chain_of(good(0, 1.0), trial(1, step(1), whole))
    twice = chain_of(good(0, 1.0), trial(1, step(1), whole), trial(2, step(2), 0.95))
    rates = [0.1 * (1 + math.cos(math.pi * n / 4)) / 2 for n in (1, 2)]
    assert once.next_point(DOMAINS, {}, 0.0) == {"w": after(rates[0] / 2, 1.0)}
    assert twice.next_point(DOMAINS, {}, 0.0) == {"w": after(rates[1] / 4, 1.0)}
    assert not once.is_over
    thrice = chain_of(good(0, 1.0), *(trial(n, step(n), 0.9) for n in (1, 2, 3)))
    assert thrice.is_over


@pytest.mark.parametrize(
    "last",
    [trial(0, step(0)), trial(0, step(0), value=0.5)],
    ids=["the first fails", "no gradient"],
)
def test_a_chain_that_knows_no_way_is_over(last: FrozenTrial) -> None:
    assert chain_of(last).is_over
    assert chain_of(last).best is None


def test_a_chain_that_has_arrived_is_over() -> None:
    resting = chain_of(good(0, 0.0), good(1, 0.0))
    assert resting.is_at_rest
    assert resting.is_over


def test_a_last_step_too_short_to_move_is_no_rest() -> None:
    first = Step(0, 0, 9, 0.1)
    points = [1.0, 0.9, 0.8, 0.7, 0.6, 0.55, 0.52, 0.51, 0.51]
    steps = [replace(first, number=n) for n in range(9)]
    path = [trial(n, steps[n], points[n], value=0.5, slope=1.0) for n in range(9)]
    whole = chain_of(*path)
    assert whole.is_over
    assert not whole.is_at_rest
    early = chain_of(*path[:4], trial(4, steps[4], points[3], value=0.5, slope=1.0))
    assert early.is_at_rest
    failures = [trial(n, steps[n]) for n in (4, 5)]
    halved = chain_of(*path[:4], *failures, trial(6, steps[6], points[3], value=0.5, slope=1.0))
    assert halved.is_over
    assert not halved.is_at_rest


def test_a_trial_that_has_not_ended_holds_its_chain() -> None:
    running = trial(1, step(1), state=TrialState.RUNNING)
    assert chain_of(good(0, 1.0), running).is_running
    assert not chain_of(good(0, 1.0)).is_running


def test_equal_values_are_told_apart_by_the_loss() -> None:
    low = trial(1, step(1), 0.9, value=0.5, slope=1.0, loss=0.2)
    assert chain_of(good(0, 1.0), low, good(2, 0.8)).best is low
