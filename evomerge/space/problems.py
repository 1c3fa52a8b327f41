"""Collect every mistake in a file before telling the user."""

from collections.abc import Iterable, Mapping
from typing import Any

from evomerge.errors import InputError, did_you_mean, raise_together
from evomerge.space.places import Marked, Path


class Problems:
    """The mistakes found so far in one file.

    Args:
        marked: The file they are in.
    """

    def __init__(self, marked: Marked) -> None:
        self._marked = marked
        self._found: list[tuple[tuple[int, int], InputError]] = []

    def add(self, path: Path, what: str, *, help: str = "", key: bool = False) -> None:
        """Note a mistake at a value, or at its key."""
        error = InputError(what, where=self._marked.where(path, key=key), help=help)
        self._found.append((self._marked.position(path, key=key), error))

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_if_any(self) -> None:
        """Raise the first mistake in the file's order, with the others attached.

        Raises:
            InputError: There is at least one.
        """
        raise_together([error for _, error in sorted(self._found, key=lambda item: item[0])])

    def known_keys(self, mapping: Any, path: Path, allowed: Iterable[str]) -> bool:
        """Note every key that is not allowed; return whether this is a mapping at all."""
        names = list(allowed)
        if not isinstance(mapping, Mapping):
            help = f"write {{{names[0]}: {mapping}}}" if isinstance(mapping, str) else ""
            self.add(path, f"expected a mapping, got {show(mapping)}", help=help)
            return False
        for key in mapping:
            if key not in names:
                self.add(
                    (*path, key),
                    f"unknown key {key!r}",
                    help=did_you_mean(str(key), names),
                    key=True,
                )
        return True


def show(value: Any) -> str:
    """Return a value as a message quotes it, cut to 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
