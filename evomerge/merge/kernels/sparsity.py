"""Which elements of a task vector are kept, as mergekit's sparsification decides it.

By mergekit's names: `magnitude`, `magnitude_outliers`, `random`, `della_magprune`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from evomerge.merge.kernels import compiled as kernels
from evomerge.merge.kernels.cache import Cache
from evomerge.merge.kernels.draws import Draws
from evomerge.merge.kernels.norms import norms
from evomerge.merge.kernels.vectors import TaskVector, rank_norms, ranks
from evomerge.merge.tensors import Array, Inputs, Values, flat


@dataclass(frozen=True)
class Chosen:
    """What is kept of the task vectors of one tensor.

    Args:
        masks: uint8 [n, ≥ size].
        masked: Whether a mask counts, bool [n].
        scales: What a masked task vector is multiplied with, float32 [n].
    """

    masks: Array
    masked: Array
    scales: Array


def fits(thinning: str | None, tensor: torch.Tensor, own: Sequence[Mapping[str, Any]]) -> bool:
    """Whether `Sparsity` can decide as mergekit does; else mergekit itself must be asked."""
    if thinning == "della_magprune":
        if tensor.dim() not in (1, 2) or tensor.shape[-1] < 2:
            return False
        for values in own:
            density, epsilon = values["density"], values["epsilon"]
            sound = density + epsilon < 1 and density - epsilon > 0
            if not (density >= 1 or density <= 0 or sound):
                return False
    if thinning in ("random", "magnitude_outliers"):
        if any(values["density"] < 0 for values in own):
            return False
    return tensor.numel() < 2**31  # ranks are int32


class Sparsity:
    """Decides what is kept of task vectors. Not thread-safe: masks are valid until the next ones.

    Args:
        cache: Takes ranks, which do not depend on sampled values, and random draws.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._masks: Array = np.empty((0, 0), np.uint8)

    def choose(self, thinning: str | None, inputs: Inputs, values: Values, draws: Draws) -> Chosen:
        """Return what is kept of the inputs that are not the base, in their order."""
        picks = [_Pick() for _ in inputs.others]
        if thinning is not None:
            for row, index in enumerate(inputs.others):
                if (own := values.own[index])["density"] < 1:
                    picks[row] = _PICK[thinning](self, TaskVector.of(inputs, index), own, draws)
        masked = np.array([pick.kind != kernels.ALL for pick in picks])
        scales = np.ones(len(picks), np.float32)
        if masked.any():
            self._mask(picks, inputs)
            if values.shared["rescale"]:
                self._rescale(scales, masked, inputs)
        return Chosen(self._masks, masked, scales)

    def _mask(self, picks: Sequence["_Pick"], inputs: Inputs) -> None:
        like = flat(inputs.tensors[0])
        if self._masks.shape[0] < len(picks) or self._masks.shape[1] < like.size:
            self._masks = np.empty((len(picks), like.size), np.uint8)
        kernels.choose(self._masks, _selection(picks), like)

    def _rescale(self, scales: Array, masked: Array, inputs: Inputs) -> None:
        """Let the kept elements grow, so that each has the whole vector's L1 norm.

        Source: mergekit 0.1.5, sparsify.py, lines 37 to 53.
        """
        vectors = [TaskVector.of(inputs, index) for index in inputs.others]
        after = norms(vectors, self._masks, masked)
        for row in np.flatnonzero(masked).tolist():
            vector = vectors[row]
            whole = partial(norms, [vector], self._masks, np.zeros(1, np.bool_))
            before = self._cache.get(("whole", *vector.key), whole)[0]
            if before >= 1e-7 and after[row] >= 1e-7:
                dtype = vector.base.dtype
                ratio = torch.tensor(before, dtype=dtype) / torch.tensor(after[row], dtype=dtype)
                scales[row] = float(ratio)

    def _by_magnitude(self, vector: TaskVector, own: Any, _: Draws) -> "_Pick":
        # mergekit 0.1.5, sparsify.py, lines 63 to 75; TIES, arXiv:2306.01708, section 4, "trim"
        if own["density"] <= 0:
            return _Pick(kernels.NONE)
        order = self._cache.get(("falling", *vector.key), lambda: ranks(vector, descending=True))
        high = max(1, int(own["density"] * order.size))
        return _Pick(kernels.RANKED, order, high=high)

    def _without_outliers(self, vector: TaskVector, own: Any, _: Draws) -> "_Pick":
        # mergekit 0.1.5, sparsify.py, lines 97 to 112; Breadcrumbs, arXiv:2312.06795, section 3
        order = self._cache.get(("rising", *vector.key), lambda: ranks(vector, descending=False))
        wanted = int(own["density"] * order.size)
        low = max(0, order.size - wanted - int(own["gamma"] * order.size))
        return _Pick(kernels.RANKED, order, low=low, high=low + wanted)

    def _at_random(self, vector: TaskVector, own: Any, draws: Draws) -> "_Pick":
        # mergekit 0.1.5, sparsify.py, lines 124 to 132; DARE, arXiv:2311.03099, section 3.2, "drop"
        dtype = vector.base.dtype
        numbers = draws.next(vector.base.numel(), dtype)
        return _Pick(kernels.DRAWN, numbers, least=_rounded(own["density"], dtype))

    def _by_rank_at_random(self, vector: TaskVector, own: Any, draws: Draws) -> "_Pick":
        # mergekit 0.1.5, sparsify.py, lines 145 to 171; DELLA, arXiv:2406.11617, equation 3
        density, epsilon, dtype = own["density"], own["epsilon"], vector.base.dtype
        if density <= 0:
            return _Pick(kernels.NONE)
        spread = self._cache.get(("norms", *vector.key), lambda: rank_norms(vector))
        numbers = draws.next(spread.size, dtype)
        least = _rounded(density - epsilon, dtype)
        return _Pick(kernels.DRAWN_BY_RANK, numbers, spread, least=least, epsilon=epsilon)


_PICK: dict[str, Callable[..., "_Pick"]] = {
    "magnitude": Sparsity._by_magnitude,
    "magnitude_outliers": Sparsity._without_outliers,
    "random": Sparsity._at_random,
    "della_magprune": Sparsity._by_rank_at_random,
}


@dataclass(frozen=True)
class _Pick:
    """One task vector's part of a `kernels.Selection`."""

    kind: int = kernels.ALL
    numbers: Array | None = None
    norms: Array | None = None
    low: int = 0
    high: int = 0
    least: float | np.float32 = 0.0
    epsilon: float = 0.0


def _selection(picks: Sequence[_Pick]) -> kernels.Selection:
    return kernels.Selection(
        kinds=np.array([pick.kind for pick in picks], np.uint8),
        numbers=np.array([_address(pick.numbers) for pick in picks], np.int64),
        norms=np.array([_address(pick.norms) for pick in picks], np.int64),
        low=np.array([pick.low for pick in picks], np.int32),
        high=np.array([pick.high for pick in picks], np.int32),
        least=np.array([pick.least for pick in picks], np.float32),
        epsilon=np.array([pick.epsilon for pick in picks], np.float32),
    )


def _address(array: Array | None) -> int:
    return 0 if array is None else array.ctypes.data


def _rounded(value: float, dtype: torch.dtype) -> np.float32:
    return np.float32(torch.tensor(value, dtype=dtype).item())
