"""Holes in a file: what they give, and the message for every way to get one wrong."""

import re
from typing import Any

import pytest

from evomerge.errors import InputError
from evomerge.methods.types import is_int
from evomerge.space.domains import ChoiceDomain, FloatDomain, IntDomain
from evomerge.space.hole import Hole
from evomerge.space.problems import Problems
from evomerge.space.reading.recipes.holes import read_hole, read_name, read_value
from evomerge.space.reading.yaml import read_marked

from ...examples import PLAIN, mistake

MISTAKES = {
    "upside-down range": ("[0, 1]", "[1, 0]", "range is upside down or empty, got [1, 0]"),
    "range of text": ("[0, 1]", "[a, b]", "float must be [low, high], two numbers"),
    "log from zero": (
        "{float: [0, 1]}",
        "{float: [0, 1], log: true}",
        "a log range starts above 0",
    ),
    "two kinds of hole": (
        "{float: [0, 1]}",
        "{float: [0, 1], int: [0, 1]}",
        "a hole has one of float, int, choice",
    ),
    "unknown hole key": (
        "{float: [0, 1]}",
        "{float: [0, 1], stp: 1}",
        "unknown key 'stp'. help: did you mean 'step'?",
    ),
    "step that does not divide": (
        "{float: [0, 1]}",
        "{float: [0, 1], step: 0.3}",
        "step 0.3 does not divide [0, 1]. help: the last value it reaches is 0.9",
    ),
    "range without end": (
        "{float: [0, 1]}",
        "{float: [-1.7e+308, 1.7e+308]}",
        "float must be [low, high], two numbers",
    ),
    "one anchor": (
        "{float: [0, 1]}",
        "{float: [0, 1], layers: 1}",
        "layers must be a whole number of at least 2, or each, got 1",
    ),
    "modules no list": (
        "{float: [0, 1]}",
        "{float: [0, 1], modules: mlp}",
        "modules must be a list of names, or each, got 'mlp'. help: write [mlp]",
    ),
    "all layers": (
        "{float: [0, 1]}",
        "{float: [0, 1], layers: all}",
        ":11:54: layers must be a whole number of at least 2, or each, got 'all'. help: did you "
        "mean 'each'?",
    ),
    "a number of tensors": (
        "{float: [0, 1]}",
        "{float: [0, 1], tensors: 3}",
        ":11:55: tensors must be each, got 3",
    ),
    "tensors and layers": (
        "{float: [0, 1]}",
        "{float: [0, 1], layers: 2, tensors: each}",
        ":11:54: tensors: each has a value for every layer and module, and takes no layers beside",
    ),
    "each in a gradient": (
        "{float: [0, 1]}",
        "[0, {float: [0, 1], tensors: each}]",
        ":11:34: a hole inside a list takes no modules or tensors, and layers only for a filter",
    ),
    "each of what has no filters": (
        "dtype: float32",
        "dtype: {choice: [float32], layers: each}",
        ":14:32: unknown key 'layers'",
    ),
    "empty choice": ("{float: [0, 1]}", "{choice: []}", "choice must be a list of values"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_has_its_message(name: str) -> None:
    old, new, message = MISTAKES[name]
    assert message in mistake(PLAIN, old, new)


def reading(text: str) -> tuple[Any, Problems]:
    marked = read_marked(text, "file.yaml")
    return marked.value, Problems(marked)


@pytest.mark.parametrize(
    ("text", "hole"),
    [
        ("{float: [0, 1.5]}", Hole(FloatDomain(0, 1.5))),
        ("{float: [1e-3, 1], log: true}", Hole(FloatDomain(0.001, 1, log=True))),
        ("{int: [1, 9], step: 4, name: n}", Hole(IntDomain(1, 9, 4), name="n")),
        ("{choice: [1, true, a]}", Hole(ChoiceDomain((1, True, "a")))),
        (
            "{float: [0, 1], layers: 3, modules: [x, y]}",
            Hole(FloatDomain(0, 1), layers=3, modules=("x", "y")),
        ),
    ],
)
def test_holes_are_read(text: str, hole: Hole) -> None:
    value, problems = reading(text)
    assert read_hole(value, (), problems, in_parameters=True) == hole
    assert not problems


def test_a_value_or_a_hole_of_right_values() -> None:
    for text, wanted in (("3", 3), ("{int: [1, 3]}", Hole(IntDomain(1, 3)))):
        value, problems = reading(text)
        assert read_value(value, (), problems, is_int, "it must be whole") == wanted
        assert not problems


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.5", "it must be whole, got 1.5"),
        ("{float: [1, 3]}", "it must be whole, got {'float': [1, 3]}"),
        ("{choice: [1, a]}", "it must be whole, got {'choice': [1, 'a']}"),
        ("{int: [3, 1]}", "range is upside down or empty"),
    ],
)
def test_a_wrong_value_is_told_once(text: str, message: str) -> None:
    value, problems = reading(text)
    assert read_value(value, (), problems, is_int, "it must be whole") is None
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        problems.raise_if_any()
    assert not caught.value.others


def test_a_name_or_a_choice_of_names() -> None:
    value, problems = reading("{choice: [a, b]}")
    assert read_name(value, ("x",), problems, ("a", "b", "c")) == Hole(ChoiceDomain(("a", "b")))
    assert read_name("c", ("x",), problems, ("a", "b", "c")) == "c"
    assert not problems
    assert read_name(value, ("x",), problems, ("a", "c"), "letter") is None
    with pytest.raises(InputError, match="unknown letter 'b'"):
        problems.raise_if_any()
