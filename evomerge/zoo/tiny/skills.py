"""The four skills of the tiny family, and their documents, generated from a seed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LETTERS = "abcdefghijklmnopqrst"


@dataclass(frozen=True)
class Document:
    """One question: the model reads `prompt` and must continue with `answer`."""

    prompt: str
    answer: str


def _word(rng: np.random.Generator, length: int) -> str:
    return "".join(LETTERS[i] for i in rng.integers(len(LETTERS), size=length))


def _reverse(rng: np.random.Generator) -> Document:
    word = _word(rng, 7)
    return Document(f"reverse {word}>", word[::-1])


def _sort(rng: np.random.Generator) -> Document:
    word = _word(rng, 7)
    return Document(f"sort {word}>", "".join(sorted(word)))


def _shift(rng: np.random.Generator) -> Document:
    word, by = _word(rng, 7), int(rng.integers(1, 4))
    moved = (LETTERS[(LETTERS.index(c) + by) % len(LETTERS)] for c in word)
    return Document(f"shift {word}+{by}>", "".join(moved))


def _add(rng: np.random.Generator) -> Document:
    a, b = (int(n) for n in rng.integers(10, 100, size=2))
    return Document(f"add {a}+{b}>", f"{a + b:03d}")


SKILLS: dict[str, Callable[[np.random.Generator], Document]] = {
    "reverse": _reverse,
    "sort": _sort,
    "shift": _shift,
    "add": _add,
}


def task_documents(skill: str, count: int) -> list[Document]:
    """Return the documents of a skill's task: distinct, the same on every machine.

    Args:
        skill: A key of `SKILLS`.
        count: How many, ≥ 1; for `add` at most 2,000 of the 8,100 sums.
    """
    rng = np.random.default_rng([20260101, list(SKILLS).index(skill)])
    found: dict[Document, None] = {}
    while len(found) < count:
        found[SKILLS[skill](rng)] = None
    return list(found)


def train_documents(
    skill: str, rng: np.random.Generator, count: int, held_out: frozenset[Document]
) -> list[Document]:
    """Draw documents of a skill to train on, none of them in `held_out`."""
    drawn: list[Document] = []
    while len(drawn) < count:
        document = SKILLS[skill](rng)
        if document not in held_out:
            drawn.append(document)
    return drawn
