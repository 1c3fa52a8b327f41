"""What counts as a number where YAML may hold anything."""

from typing import Any

import pytest

from evomerge.methods.types import is_int, is_number


@pytest.mark.parametrize(
    ("value", "number", "whole"),
    [
        (0, True, True),
        (-3, True, True),
        (0.5, True, False),
        (2.0, True, False),
        (True, False, False),
        ("1", False, False),
        (None, False, False),
        (float("nan"), False, False),
        (float("inf"), False, False),
        (-1e300, False, False),
    ],
)
def test_numbers(value: Any, number: bool, whole: bool) -> None:
    assert is_number(value) == number
    assert is_int(value) == whole
