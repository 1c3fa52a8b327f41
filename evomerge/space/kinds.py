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
        stack: What stands before the layer's number; empty outside the layers.
        names: Their names, a layer's number written as `#`.
        layers: The layers that have them, in order; empty outside the layers.
        depth: How many layers there are; 0 outside.
    """

    stem: str
    stack: str
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
                    found.append(".".join(parts[first:end]))
        return self._shared(found)

    @cached_property
    def before(self) -> tuple[str, ...]:
        """Parts of what stands before the layer's number, in the same order."""
        parts = self.stack.split(".") if self.stack else []
        ends = range(1, len(parts) + 1)
        return self._shared([".".join(parts[i:end]) for end in ends for i in range(end)])

    def _shared(self, words: Iterable[str]) -> tuple[str, ...]:
        """Return the words, with and without dots at their ends, that all names have."""
        found = [f for word in words for f in (word, f"{word}.", f".{word}", f".{word}.")]
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
            outside.append(Kind(name, "", (name,), (), 0))
            continue
        stem = at.kind if by == "tensors" else at.kind.partition(".")[0]
        names, layers = inside.setdefault((at.stack, stem), (set(), set()))
        names.add(f"{at.stack}.#.{at.kind}")
        layers.add(at.layer)
    found = [
        Kind(stem, stack, tuple(sorted(names)), tuple(sorted(layers)), outline.layers[stack])
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
                help="name parts of names, which the two then share: modules: [mlp, attn], "
                "perhaps with layers: 3",
            )
        kind, word = told
        found.append(Told(kind, _named(word, names), word))
        names.add(found[-1].name)
        left.remove(kind)
    for kind in left:
        last = _word(kind.words, [name for told in found for name in told.kind.names])
        found.append(Told(kind, _named(last or kind.stem, names), None))
    return tuple(found)


def _distinct(left: list[Kind]) -> Iterator[tuple[Kind, str]]:
    """Yield kinds with a filter; those told by what stands before the layer's number last."""
    for before in (False, True):
        for kind in left:
            others = [name for other in left if other is not kind for name in other.names]
            if (word := _word(kind.before if before else kind.words, others)) is not None:
                yield kind, word


def _word(words: Iterable[str], others: Iterable[str]) -> str | None:
    """Return the first word that is in none of some names, whatever their layers' numbers."""
    text = "\n".join(others)
    return next((w for w in words if not any(read in text for read in _readings(w))), None)


def _readings(word: str) -> Iterator[str]:
    """Yield a word, and the same with each number in it written as a layer's."""
    yield word
    parts = word.split(".")
    for i, part in enumerate(parts):
        if part.isdecimal():
            yield ".".join([*parts[:i], "#", *parts[i + 1 :]])


def _named(word: str, taken: set[str]) -> str:
    """Return what parameters are called after a word: without dots at its ends, if that is free."""
    bare = word.strip(".")
    return word if bare in taken else bare


def _same(left: list[Kind]) -> str:
    """Return a name that the first kind's filters answer to as well."""
    reads = set(_readings(max(left[0].words, key=len, default=left[0].stem)))
    alike = (n for kind in left[1:] for n in kind.names if any(read in n for read in reads))
    return next(alike, "the others")
