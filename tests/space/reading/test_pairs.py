"""`{pair: [...]}` in a file."""

import pytest

from evomerge.space.domains import FloatDomain
from evomerge.space.hole import Hole
from evomerge.space.pair import Pair

from ..examples import PLAIN, mistake, read

PAIR = PLAIN[: PLAIN.index("  - merge_method")] + (
    "  - merge_method: nuslerp\n"
    "    models: {pair: [rev, sort], ordered: true, parameters: {weight: {float: [0.1, 1]}}}\n"
    "evaluate: {tasks: [{task: toy, metric: acc}]}\n"
)


def test_it_is_read() -> None:
    weight = Hole(FloatDomain(0.1, 1))
    pair = Pair(("rev", "sort"), True, {"weight": weight})
    assert read(PAIR).templates[0].document["models"] == pair


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[rev, sort]", "[rev]", "pair must be a list of two models or more, got ['rev']"),
        ("[rev, sort]", "[rev, rev]", "pair must be a list of two models or more"),
        ("[rev, sort]", "[rev, srt]", "unknown model 'srt'. help: did you mean 'sort'?"),
        ("ordered: true", "ordered: 3", "ordered must be true or false, got 3"),
        ("ordered", "order", "unknown key 'order'. help: did you mean 'ordered'?"),
        ("nuslerp", "linear", "linear does not take a pair: it merges any number"),
        (", parameters: {weight: {float: [0.1, 1]}}", "", "nuslerp needs a weight for 'rev'"),
    ],
)
def test_mistakes(old: str, new: str, message: str) -> None:
    assert message in mistake(PAIR, old, new)
