"""Sentences claim no more than the intervals show."""

import pytest

from evomerge.evaluate.statistics import Gain
from evomerge.evaluate.verdict import verdict

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
