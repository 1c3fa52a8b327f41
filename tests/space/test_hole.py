"""A hole is one parameter, or one for each anchor and module."""

from dataclasses import replace

from evomerge.space.domains import ChoiceDomain, FloatDomain, Many, Parameter
from evomerge.space.hole import Hole, Part, ends

WEIGHT = FloatDomain(0, 1)


def names(hole: Hole) -> list[str]:
    return [parameter.name for parameter in hole.parameters("ties.weight[a]")]


def test_one_value() -> None:
    assert Hole(WEIGHT).parameters("w") == [Parameter("w", WEIGHT)]
    assert Hole(WEIGHT).fill("w", lambda parameter: 0.5) == 0.5


def test_a_value_for_each_anchor_and_module() -> None:
    hole = Hole(WEIGHT, layers=2, modules=("mlp",))
    assert names(hole) == [
        "ties.weight[a][mlp][0]",
        "ties.weight[a][mlp][1]",
        "ties.weight[a][rest][0]",
        "ties.weight[a][rest][1]",
    ]
    drawn = iter([1, 2, 3, 4])
    assert hole.fill("w", lambda parameter: next(drawn)) == [
        {"filter": "mlp", "value": [1, 2]},
        {"value": [3, 4]},
    ]
    assert names(Hole(WEIGHT, layers=2, name="shared")) == ["shared[0]", "shared[1]"]


def test_it_is_told_in_the_words_of_the_file() -> None:
    hole = Hole(FloatDomain(0, 1, step=0.5), layers=3, modules=("x", "y"), name="n")
    assert str(hole) == "float [0, 1] step 0.5, layers 3, modules x, y, name n"


def test_each_is_one_value_until_it_is_known_what_it_stands_for() -> None:
    hole = Hole(WEIGHT, each=("tensors",))
    assert names(hole) == ["ties.weight[a][each]"]
    parts = (Part("q", "q_proj", (0, 1, 1)), Part("norm", None, ()))
    known = replace(hole, unfolded=parts)
    assert names(known) == ["ties.weight[a][q][0]", "ties.weight[a][q][1]", "ties.weight[a][norm]"]
    assert known.fill("w", lambda p: p.name) == [
        {"filter": "q_proj", "value": ["w[q][0]", "w[q][1]", "w[q][1]"]},
        {"value": "w[norm]"},
    ]
    assert str(known) == str(hole) == "float [0, 1], tensors each"
    assert {p.of for p in known.parameters("w")} == {Many("w", "[0, 1], tensors each", True)}


def test_what_bounds_a_value() -> None:
    assert ends(Hole(WEIGHT)) == (0, 1)
    assert ends(Hole(ChoiceDomain(("a", "b", "c")))) == ("a", "b", "c")
    assert ends("a") == ("a",)
