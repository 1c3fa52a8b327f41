"""What counts as a number in a recipe."""

from typing import Any

from evomerge.settings import LARGEST


def is_number(value: Any) -> bool:
    """Whether it is a finite int or float, and no boolean."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and value == value
        and abs(value) < LARGEST  # so that the width of a range is finite too
    )


def is_int(value: Any) -> bool:
    """Whether it is an int, and no boolean."""
    return isinstance(value, int) and not isinstance(value, bool)
