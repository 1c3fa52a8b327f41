"""Collect what is wrong, to say it all at once."""

from collections.abc import Callable
from typing import TypeVar

from evomerge.errors import InputError, raise_together

_T = TypeVar("_T")


class Problems:
    """The mistakes found so far."""

    def __init__(self) -> None:
        self._found: list[InputError] = []

    def note(self, check: Callable[[], _T]) -> _T | None:
        """Return what the check gives, or None if it raised an `InputError`, now noted."""
        try:
            return check()
        except InputError as error:
            self._found.append(InputError(error.what, where=error.where, help=error.help))
            self._found.extend(error.others)
            return None

    def raise_if_any(self) -> None:
        """Raise the first mistake with the others attached.

        Raises:
            InputError: There is at least one.
        """
        raise_together(self._found)
