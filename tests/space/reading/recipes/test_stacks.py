"""`stack:` in a file: what it gives, and the message for every way to get it wrong."""

import pytest

from evomerge.space.domains import IntDomain
from evomerge.space.hole import Hole
from evomerge.space.stack import Stack

from ...examples import STACK, mistake, read


def test_what_is_left_out_has_a_default() -> None:
    text = STACK.replace("      overlap: {int: [-2, 3]}\n      depth: [6, 14]\n", "")
    scale = text[text.index("      parameters:") : text.index("    dtype")]
    assert read(text.replace(scale, "")).templates[0].document["slices"] == Stack(
        models=("a", "b"),
        layers=10,
        blocks=Hole(IntDomain(2, 4)),
        length=Hole(IntDomain(2, 6)),
        overlap=0,
        first=None,
        repeat=1,
        depth=(1, 10**6),
        parameters={},
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("models: [a, b]", "models: [a, c]", "space.yaml:7:19: unknown model 'c'"),
        ("models: [a, b]", "models: []", "models must be a list of models, got []"),
        ("layers: 10", "layers: ten", "layers must be the models' depth, got 'ten'"),
        ("      layers: 10\n", "", "a stack needs layers"),
        ("{int: [2, 4]}", "0", "blocks must be a whole number from 1 to 10, got 0"),
        ("{int: [2, 4]}", "{int: [2, 4], name: n}", "blocks cannot share its value"),
        ("depth", "first: {int: [0, 9]}\n      depth", "a stack has overlap or first, not both"),
        ("overlap: {int: [-2, 3]}", "first: 10", "first must be a whole number from 0 to 9"),
        ("overlap", "repeat: 0\n      overlap", "repeat must be a whole number from 1 to 10"),
        ("{int: [2, 6]}", "{float: [2, 6]}", "length must be a whole number from 1 to 10"),
        ("{int: [2, 6]}", "{int: [2, 60]}", "length must be a whole number from 1 to 10"),
        ("overlap", "overlp", "unknown key 'overlp'. help: did you mean 'overlap'?"),
        ("[6, 14]", "14", "depth must be [least, most] layers of the result, got 14"),
        ("scale:", "scal:", "unknown key 'scal'. help: did you mean 'scale'?"),
        ("passthrough", "linear", "a stack is merged by passthrough, not by linear"),
        ("    stack:", "    models: [{model: a}]\n    stack:", "got models and stack"),
    ],
)
def test_mistakes(old: str, new: str, message: str) -> None:
    assert message in mistake(STACK, old, new)
