"""Mistakes are collected, and told in the file's order."""

import pytest

from evomerge.errors import InputError
from evomerge.space.problems import Problems, show
from evomerge.space.reading.yaml import read_marked


def test_mistakes_are_told_together_in_the_file_s_order() -> None:
    problems = Problems(read_marked("a: 1\nb: 2\n", "file.yaml"))
    problems.raise_if_any()
    problems.add(("b",), "second")
    problems.add(("a",), "first", help="do")
    with pytest.raises(InputError) as caught:
        problems.raise_if_any()
    assert str(caught.value).splitlines() == [
        "file.yaml:1:4: first. help: do",
        "file.yaml:2:4: second",
    ]


def test_keys_that_are_not_known() -> None:
    problems = Problems(read_marked("{weigt: 1}", "file.yaml"))
    assert problems.known_keys({"weigt": 1}, (), ("weight", "density"))
    assert not problems.known_keys("weight", (), ("weight",))
    with pytest.raises(InputError) as caught:
        problems.raise_if_any()
    assert "unknown key 'weigt'. help: did you mean 'weight'?" in str(caught.value)
    assert "expected a mapping, got 'weight'. help: write {weight: weight}" in str(caught.value)


def test_long_values_are_cut() -> None:
    assert show("x" * 100) == "'" + "x" * 56 + "..."
