"""A cache that is full computes anew and forgets nothing."""

import numpy as np

from evomerge.merge.kernels.cache import Cache
from evomerge.merge.tensors import Array


def test_what_fits_is_computed_once() -> None:
    computed: list[str] = []

    def array(name: str) -> Array:
        computed.append(name)
        return np.zeros(8, np.uint8)

    cache = Cache(limit_bytes=16)
    for name in ("a", "b", "c", "a", "b", "c"):
        cache.get(name, lambda name=name: array(name))  # type: ignore[misc]
    assert computed == ["a", "b", "c", "c"]
    assert cache.held_bytes == 16
    assert "a" in cache and "c" not in cache
    cache.clear()
    assert cache.held_bytes == 0 and "a" not in cache
