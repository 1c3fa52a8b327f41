"""What does not depend on the sampled values is computed once and kept, within a bound."""

from collections.abc import Callable, Hashable

import numpy as np
import torch

Array = np.ndarray


class Kept:
    """Arrays by key, up to a number of bytes. What no longer fits is computed anew each time.

    Nothing is evicted: every merge reads all tensors in turn, so that the array that was used
    longest ago is the one that is needed next. Not thread-safe.

    Args:
        limit_bytes: Bound on the bytes of all arrays, ≥ 0.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes, self.held_bytes = limit_bytes, 0
        self._arrays: dict[Hashable, Array] = {}

    def get(self, key: Hashable, compute: Callable[[], Array]) -> Array:
        """Return the array of a key, computing it if it is not kept."""
        array = self._arrays.get(key)
        if array is None:
            array = compute()
            if self.held_bytes + array.nbytes <= self.limit_bytes:
                self._arrays[key] = array
                self.held_bytes += array.nbytes
        return array

    def __contains__(self, key: Hashable) -> bool:
        return key in self._arrays

    def clear(self) -> None:
        """Forget everything."""
        self._arrays.clear()
        self.held_bytes = 0


class Draws:
    """The uniform numbers that mergekit's random methods draw one after the other in a merge.

    They come from torch's global generator, which the caller seeds. Numbers that are kept need
    not be drawn again; the generator catches up when one is missing.

    Args:
        kept: Where they are kept.
        seed: What the generator was seeded with.
    """

    def __init__(self, kept: Kept, seed: int) -> None:
        self._kept, self._seed = kept, seed
        self._wanted = self._drawn = 0

    def next(self, count: int, dtype: torch.dtype) -> Array:
        """Return the next numbers, as float32, or for bfloat16 rounded down to its bits.

        A probability in bfloat16 lies above a number exactly when it lies above that number
        rounded down.
        """
        key = ("draws", self._seed, self._wanted, count, dtype)
        numbers = self._kept.get(key, lambda: self._draw(count, dtype))
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
