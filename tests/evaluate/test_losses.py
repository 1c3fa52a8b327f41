"""Losses are smooth functions of log-likelihoods, and their slopes are theirs."""

import math

import numpy as np
import pytest

from evomerge.evaluate.losses import Losses, Term, rounded

CHOICE = Term((0, 1, 2), (1.0, 0.5, 2.0), (1,), compared=True)
SEVERAL = Term((3, 4, 5), (1.0, 1.0, 1.0), (0, 2), compared=True)
ANY = Term((6, 7), (1.0, 1.0), (0, 1), compared=False)
WINDOWS = (Term((8,), (0.25,), (0,), compared=False), Term((9,), (0.25,), (0,), compared=False))
DOCUMENTS = ((CHOICE,), (), (SEVERAL,), (ANY,), WINDOWS)
GIVEN = np.array([-1.0, -2.0, -3.0, -0.5, -0.7, -4.0, -9.0, -8.0, -6.0, -2.0])


def test_a_loss_is_the_negative_log_of_the_share_of_what_is_right() -> None:
    found = Losses(DOCUMENTS, 10).values(GIVEN)
    shares = [math.exp(-1.0), math.exp(-1.0), math.exp(-6.0)]
    assert found[0] == pytest.approx(-math.log(shares[1] / sum(shares)))
    assert math.isnan(found[1])
    three = [math.exp(value) for value in GIVEN[3:6]]
    assert found[2] == pytest.approx(-math.log((three[0] + three[2]) / sum(three)))
    assert found[3] == pytest.approx(-math.log(math.exp(-9.0) + math.exp(-8.0)))
    assert found[4] == pytest.approx((6.0 + 2.0) / 4)


def test_slopes_are_finite_differences_of_the_weighted_sum() -> None:
    losses, weights = Losses(DOCUMENTS, 10), np.array([0.3, 5.0, 0.2, 0.1, 0.4])
    slopes, step = losses.slopes(GIVEN, weights), 1e-6
    for at in range(10):
        nudge = step * (np.arange(10) == at)
        high, low = losses.values(GIVEN + nudge), losses.values(GIVEN - nudge)
        difference = np.nansum(weights * (high - low)) / (2 * step)
        assert slopes[at] == pytest.approx(difference, abs=1e-8)


def test_what_was_not_asked_leaves_the_others_alone() -> None:
    losses, holes = Losses(DOCUMENTS, 10), GIVEN.copy()
    holes[6:8] = np.nan
    found = losses.values(holes)
    assert math.isnan(found[3])
    assert np.array_equal(found[[0, 2, 4]], losses.values(GIVEN)[[0, 2, 4]])


def test_requests_that_are_compared_belong_together() -> None:
    groups = [group.tolist() for group in Losses(DOCUMENTS, 10).groups()]
    assert groups == [[0, 1, 2], [3, 4, 5], [6, 7]]


def test_losses_keep_six_digits() -> None:
    assert rounded(np.array([1 / 3, 12345.678])) == (0.333333, 12345.7)
