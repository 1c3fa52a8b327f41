import math

import numpy as np
import pytest
import torch

from evomerge.search.descent.adam import Adam, within
from evomerge.space.domains import FloatDomain

WIDE = FloatDomain(-100, 100)


def test_it_steps_as_torch_s_adam() -> None:
    rng = np.random.default_rng(0)
    adam = Adam({"a": WIDE, "b": WIDE})
    theirs = torch.tensor([0.4, -1.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([theirs], lr=0.05)
    point = {"a": 0.4, "b": -1.0}
    for _ in range(30):
        slopes = rng.normal(size=2)
        adam.tell(point, {"a": float(slopes[0]), "b": float(slopes[1])})
        point = adam.ask(0.05)
        theirs.grad = torch.tensor(slopes)
        optimiser.step()
        assert list(point.values()) == pytest.approx(theirs.tolist(), abs=2e-4)


def test_what_has_no_slope_stays() -> None:
    adam = Adam({"a": WIDE, "b": WIDE})
    adam.tell({"a": 0.4, "b": 0.7}, {"a": 1.0})
    assert adam.ask(0.05) == {"a": 0.35, "b": 0.7}


def test_bounds_are_kept_and_left_again() -> None:
    adam = Adam({"a": FloatDomain(0, 1 / 3)})
    adam.tell({"a": 0.3}, {"a": -1.0})
    assert adam.ask(0.05) == {"a": 1 / 3}
    adam.tell({"a": 1 / 3}, {"a": 5.0})
    assert adam.ask(0.05)["a"] < 1 / 3


def test_a_logarithmic_domain_is_stepped_along_in_the_logarithm() -> None:
    domain = FloatDomain(1e-6, 1e-2, log=True)
    adam = Adam({"a": domain})
    adam.tell({"a": 1e-4}, {"a": 3.0})
    assert adam.ask(0.1)["a"] == pytest.approx(1e-4 * math.exp(-0.1), rel=1e-4)
    adam.tell({"a": 1e-6}, {"a": 3.0})
    assert adam.ask(0.1)["a"] == 1e-6


def test_the_pull_is_part_of_the_slope() -> None:
    pulled, plain = Adam({"a": WIDE}, {"a": 0.4}, 2.0), Adam({"a": WIDE})
    for adam, slope in ((pulled, 0.1), (plain, 0.1 + 2.0 * (0.9 - 0.4))):
        adam.tell({"a": 0.5}, {"a": 0.3 - 0.2 * (adam is pulled)})
        adam.tell({"a": 0.9}, {"a": slope})
    assert pulled.ask(0.05) == plain.ask(0.05)


@pytest.mark.parametrize(
    ("value", "domain", "near"),
    [
        (0.1234567, FloatDomain(0, 2), 0.12346),
        (0.1234567, FloatDomain(0, 1), 0.12346),
        (0.000123456789, FloatDomain(0, 0.001), 0.00012346),
        (7.0, FloatDomain(0, 2), 2.0),
        (-7.0, FloatDomain(1 / 3, 2), 1 / 3),
        (1.23456789e-5, FloatDomain(1e-6, 1, log=True), 1.2346e-5),
    ],
)
def test_values_are_short_and_inside(value: float, domain: FloatDomain, near: float) -> None:
    assert within(value, domain) == near
