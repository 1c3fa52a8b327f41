"""What does not depend on the sampled values is computed once and cached, within a bound."""

from collections.abc import Callable, Hashable

from evomerge.merge.tensors import Array


class Cache:
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
        """Return the array of a key, computing it if it is not cached."""
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
