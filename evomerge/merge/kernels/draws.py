"""The random numbers of a merge, in mergekit's order, drawn only where they are not cached."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from evomerge.merge.kernels.cache import Cache
from evomerge.merge.mergekit.process import Rng, resumed, rng
from evomerge.merge.tensors import Array


@dataclass(frozen=True)
class Mark:
    """A place in the random numbers of a merge, to come back to.

    Args:
        wanted: How many numbers were asked for.
        drawn: How many of them torch's generator has given.
        rng: Where torch's generators stood.
    """

    wanted: int
    drawn: int
    rng: Rng


class Draws:
    """The uniform numbers that mergekit's random methods draw one after the other in a merge.

    They come from torch's global generator, which the caller seeds. Numbers that are cached need
    not be drawn again; the generator catches up when one is missing.

    Args:
        cache: Where they are cached.
        seed: What the generator was seeded with.

    Source: mergekit 0.1.5, sparsify.py, lines 130 and 171: `torch.bernoulli` draws one number
    an element, in order, and keeps an element whose number lies below its probability.
    """

    def __init__(self, cache: Cache, seed: int) -> None:
        self._cache, self._seed = cache, seed
        self._wanted = self._drawn = 0

    def mark(self) -> Mark:
        """Return the place that is reached."""
        return Mark(self._wanted, self._drawn, rng())

    @contextmanager
    def back_at(self, mark: Mark) -> Iterator["Draws"]:
        """Give the numbers that follow a mark once more; torch's generators are kept."""
        again = Draws(self._cache, self._seed)
        again._wanted, again._drawn = mark.wanted, mark.drawn
        with resumed(mark.rng):
            yield again

    def next(self, count: int, dtype: torch.dtype) -> Array:
        """Return the next numbers, as float32, or for bfloat16 rounded down to its bits.

        A probability in bfloat16 lies above a number exactly when it lies above that number
        rounded down.
        """
        key = ("draws", self._seed, self._wanted, count, dtype)
        numbers = self._cache.get(key, lambda: self._draw(count, dtype))
        self._wanted += count
        return numbers

    def _draw(self, count: int, dtype: torch.dtype) -> Array:
        while (behind := self._wanted - self._drawn) > 0:
            self._drawn += torch.rand(min(behind, 2**22)).numel()
        numbers = torch.rand(count)
        self._drawn += count
        if dtype is torch.float32:
            return numbers.numpy()
        return (numbers.view(torch.int32) >> 16).to(torch.int16).view(torch.uint16).numpy()
