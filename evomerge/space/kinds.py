"""Kinds of tensors, and the shortest filters by which mergekit tells them apart."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from evomerge.errors import InputError
from evomerge.space.outline import Outline, place

_ENDS = ("weight", "bias")


@dataclass(frozen=True)
class Kind:
    """Tensors that take one value, or one a layer.

    Args:
        stem: What their names share: a tensor's or a part's name within a layer, or a whole name.
        names: Their names, a layer's number written as `#`.
        layers: The layers that have them, in order; empty outside the layers.
        depth: How many layers there are; 0 outside.
    """

    stem: str
    names: tuple[str, ...]
    layers: tuple[int, ...]
    depth: int

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Parts of their names around what they are called, without a number at either end.

        Shortest first, those that need a dot at an end last. A tensor is called by the last part
        of its name but `weight` and `bias`.
        """
        parts = self.stem.split(".")
        own = max((i for i, part in enumerate(parts) if part not in _ENDS), default=0)
        found: list[str] = []
        for first in range(own + 1):
            for end in range(own + 1, len(parts) + 1):
                if not (parts[first].isdecimal() or parts[end - 1].isdecimal()):
                    word = ".".join(parts[first:end])
                    found += [word, f"{word}.", f".{word}", f".{word}."]
        shared = [word for word in found if all(word in name for name in self.names)]
        return tuple(
            sorted(dict.fromkeys(shared), key=lambda word: (word != word.strip("."), len(word)))
        )


class Told(NamedTuple):
    """A kind and what tells it from the others.

    Args:
        kind: The kind.
        name: What its parameters are called.
        filter: A substring of its tensors' names and of no later kind's; None for the last.
    """

    kind: Kind
    name: str
    filter: str | None


@lru_cache(maxsize=64)
def kinds(outline: Outline, by: str) -> tuple[Kind, ...]:
    """Return the kinds of tensors: those of the layers first, both in the order of their names.

    Args:
        outline: The tensors.
        by: `tensors`, or `modules` for the parts of a layer; outside layers each is a kind.
    """
    inside: dict[tuple[str, str], tuple[set[str], set[int]]] = {}
    outside: list[Kind] = []
    for name in outline.names:
        at = place(name)
        if at is None:
            outside.append(Kind(name, (name,), (), 0))
            continue
        stem = at.kind if by == "tensors" else at.kind.partition(".")[0]
        names, layers = inside.setdefault((at.stack, stem), (set(), set()))
        names.add(f"{at.stack}.#.{at.kind}")
        layers.add(at.layer)
    found = [
        Kind(stem, tuple(sorted(names)), tuple(sorted(layers)), outline.layers[stack])
        for (stack, stem), (names, layers) in sorted(inside.items())
    ]
    return (*found, *outside)


@lru_cache(maxsize=64)
def tell_apart(outline: Outline, by: str) -> tuple[Told, ...]:
    """Return the kinds in an order in which each has a filter that no later one answers to.

    mergekit takes the first entry whose filter is a substring of the tensor's name
    (`mergekit/config.py`, `evaluate_setting`), so a filter may answer to earlier kinds.

    Args:
        outline: The tensors.
        by: As for `kinds`.

    Raises:
        InputError: Two kinds have no such filter: they differ only before the layer's number.
    """
    left = list(kinds(outline, by))
    found: list[Told] = []
    names: set[str] = set()
    while len(left) > 1 or (left and outline.rest):
        told = next(_distinct(left), None)
        if told is None:
            raise InputError(
                f"no filter can tell {left[0].names[0]} from {_same(left)}: their names differ "
                "before the layer's number alone",
                help="write modules: [...] in place of each",
            )
        name = told.name if told.name not in names else str(told.filter)
        found.append(Told(told.kind, name, told.filter))
        names.add(found[-1].name)
        left.remove(told.kind)
    for kind in left:
        others = [name for told in found for name in told.kind.names]
        found.append(Told(kind, _word(kind, others) or kind.stem, None))
    return tuple(found)


def _distinct(left: list[Kind]) -> Iterator[Told]:
    for kind in left:
        others = [name for other in left if other is not kind for name in other.names]
        if (word := _word(kind, others)) is not None:
            yield Told(kind, word.strip("."), word)


def _word(kind: Kind, others: Iterable[str]) -> str | None:
    """Return the shortest part of a kind's names that is in none of some others."""
    text = "\n".join(others)
    return next((word for word in kind.words if word not in text), None)


def _same(left: list[Kind]) -> str:
    """Return a name that the first kind's filters answer to as well."""
    longest = max(left[0].words, key=len, default=left[0].stem)
    return next((n for kind in left[1:] for n in kind.names if longest in n), "the others")
