"""A hole is one parameter, or one for each anchor and module."""

from evomerge.space.domains import ChoiceDomain, FloatDomain, Parameter
from evomerge.space.hole import Hole, ends

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


def test_what_bounds_a_value() -> None:
    assert ends(Hole(WEIGHT)) == (0, 1)
    assert ends(Hole(ChoiceDomain(("a", "b", "c")))) == ("a", "b", "c")
    assert ends("a") == ("a",)
