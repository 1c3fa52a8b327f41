"""A document as plain values, and the place in its file where each of them stands."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

Path = tuple[Hashable, ...]
"""Keys and list indices from the document's root to a value."""


@dataclass
class Marked:
    """A YAML document and the place of every value and key in it.

    Args:
        file: The name shown in messages; empty for a document that stands in no file.
        value: The document as plain values.
        places: Path of a value → (line, column), both from 1.
        key_places: Path of a mapping's entry → place of its key.
        overridden: Path of a value that was laid over the file → what to show as its place.
    """

    file: str
    value: Any
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    key_places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    overridden: dict[Path, str] = field(default_factory=dict)

    def where(self, path: Sequence[Hashable], *, key: bool = False) -> str:
        """Return `file:line:column` of a value or of its key; of the nearest parent if unknown.

        Without a file it is the path itself, such as `evaluate.tasks.0`.
        """
        for length in range(len(path), 0, -1):
            if tuple(path[:length]) in self.overridden:
                return self.overridden[tuple(path[:length])]
        if not self.file:
            return ".".join(map(str, path)) or "space"
        line, column = self.position(path, key=key)
        return f"{self.file}:{line}:{column}"

    def position(self, path: Sequence[Hashable], *, key: bool = False) -> tuple[int, int]:
        """Return (line, column), from 1; see `where`."""
        path = tuple(path)
        if key and path in self.key_places:
            return self.key_places[path]
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))
