"""`{pair: [...]}` in a file."""

import pytest

from evomerge.errors import InputError
from evomerge.space.domains import FloatDomain
from evomerge.space.hole import Hole
from evomerge.space.pair import Pair

from ...examples import PLAIN, mistake, read

SPACE = """\
name: demo
models: {base: org/base, a: org/a, b: org/b, c: org/c}
recipes: auto
evaluate: {tasks: [{task: toy, metric: acc}]}
"""
PAIR = """\
recipes:
  - merge_method: slerp
    models: {pair: [a, b, c]}
    parameters: {t: {float: [0, 1]}}
"""
NUSLERP = PLAIN[: PLAIN.index("  - merge_method")] + (
    "  - merge_method: nuslerp\n"
    "    models: {pair: [rev, sort], ordered: true, parameters: {weight: {float: [0.1, 1]}}}\n"
    "evaluate: {tasks: [{task: toy, metric: acc}]}\n"
)


def test_it_is_read() -> None:
    weight = Hole(FloatDomain(0.1, 1))
    pair = Pair(("rev", "sort"), True, {"weight": weight})
    assert read(NUSLERP).templates[0].document["models"] == pair


def test_each_of_the_two_needs_what_its_method_needs() -> None:
    message = mistake(NUSLERP, ", parameters: {weight: {float: [0.1, 1]}}", "")
    assert "nuslerp needs a weight for 'rev'" in message


def test_pairs_are_read() -> None:
    space = read(SPACE.replace("recipes: auto\n", PAIR))
    assert [p.name for p in space.parameters()] == ["slerp.t", "slerp.pair"]
    document = space.recipe({"slerp.pair": "a + c", "slerp.t": 0.5}).document
    assert [m["model"] for m in document["models"]] == ["org/a", "org/c"]
    assert space.references == ("org/a", "org/b", "org/c")
    ordered = PAIR.replace("c]}", "c], ordered: true}")
    choices = read(SPACE.replace("recipes: auto\n", ordered)).parameters()
    assert [len(p.domain.ends) for p in choices if p.name == "slerp.pair"] == [6]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[a, b, c]", "[a]", "pair must be a list of two models or more, got ['a']"),
        ("[a, b, c]", "[a, b, a]", "pair must be a list of two models or more"),
        ("[a, b, c]", "[a, bb]", "unknown model 'bb'"),
        ("[a, b, c]}", "[a, b, c], orderd: true}", "unknown key 'orderd'"),
        ("[a, b, c]}", "[a, b, c], ordered: 1}", "ordered must be true or false, got 1"),
        ("slerp", "ties", "ties does not take a pair"),
        ("    models", "    base_model: base\n    models", "slerp takes exactly 2 models, got 3"),
        ("    parameters: {t: {float: [0, 1]}}\n", "", "slerp needs parameters: t"),
    ],
)
def test_mistakes_in_pairs(old: str, new: str, message: str) -> None:
    text = PAIR.replace(old, new)
    assert text != PAIR
    with pytest.raises(InputError) as caught:
        read(SPACE.replace("recipes: auto\n", text))
    assert message in str(caught.value)
