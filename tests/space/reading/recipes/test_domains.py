"""Domains as a file writes them."""

import re
from typing import Any

import pytest

from evomerge.errors import InputError
from evomerge.space.domains import ChoiceDomain, Domain, FloatDomain, IntDomain
from evomerge.space.problems import Problems
from evomerge.space.reading.recipes.domains import KINDS, read_domain
from evomerge.space.reading.yaml import read_marked


def domain(text: str) -> Domain | None:
    marked = read_marked(text, "file.yaml")
    value: Any = marked.value
    problems = Problems(marked)
    read = read_domain(next(kind for kind in KINDS if kind in value), value, (), problems)
    problems.raise_if_any()
    return read


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{float: [0, 1]}", FloatDomain(0, 1)),
        ("{float: [0, 1], step: 0.25}", FloatDomain(0, 1, 0.25)),
        ("{int: [1, 64], log: true}", IntDomain(1, 64, log=True)),
        ("{choice: [1, 1.0, a]}", ChoiceDomain((1, 1.0, "a"))),
    ],
)
def test_domains_are_read(text: str, wanted: Domain) -> None:
    assert domain(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{float: [1, 1]}",
            "1:9: range is upside down or empty, got [1, 1]. help: write the value",
        ),
        ("{float: [2, 1]}", "got [2, 1]. help: write [1, 2]"),
        ("{int: [0, 1.5]}", "int must be [low, high], two whole numbers, got [0, 1.5]"),
        ("{float: 3}", "float must be [low, high], two numbers, got 3"),
        ("{float: [1, 2], log: 3}", "log must be true or false, got 3"),
        ("{float: [1, 2], step: -1}", "step must be a positive number, got -1"),
        ("{float: [1, 2], step: 1, log: true}", "log and step exclude each other"),
        ("{int: [0, 9], step: 4}", "step 4 does not divide [0, 9]. help: the last value it"),
        ("{choice: [a, a]}", "a choice stands twice in ['a', 'a']"),
        ("{choice: [[a]]}", "choice must be a list of values, got [['a']]"),
    ],
)
def test_each_mistake_has_its_message(text: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        domain(text)
