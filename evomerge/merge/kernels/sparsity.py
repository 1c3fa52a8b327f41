"""Which elements of a task vector are kept, as mergekit's sparsification decides it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from mergekit.sparsify import SparsificationMethod as Method

from evomerge.merge.kernels import compiled as kernels
from evomerge.merge.kernels.cache import Array, Draws, Kept
from evomerge.merge.kernels.tensors import Inputs, Values, addresses, flat

_DOUBT = 1e-4
"""Bound on the relative error of torch's float32 sum of magnitudes: it adds up in blocks, so that
no number goes through more than a thousand roundings of 2**-24 each."""


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


def fits(method: Method | None, tensor: torch.Tensor, own: Sequence[Mapping[str, Any]]) -> bool:
    """Whether `Sparsity` can decide as mergekit does; else mergekit itself must be asked."""
    if method is Method.della_magprune:
        if tensor.dim() not in (1, 2) or tensor.shape[-1] < 2:
            return False
        for values in own:
            density, epsilon = values["density"], values["epsilon"]
            sound = density + epsilon < 1 and density - epsilon > 0
            if not (density >= 1 or density <= 0 or sound):
                return False
    if method in (Method.random, Method.magnitude_outliers):
        if any(values["density"] < 0 for values in own):
            return False
    return tensor.numel() < 2**31  # ranks are int32


class Sparsity:
    """Decides what is kept of task vectors. Not thread-safe: masks are valid until the next ones.

    Args:
        kept: Takes ranks, which do not depend on sampled values, and random draws.
    """

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._masks: Array = np.empty((0, 0), np.uint8)

    def choose(self, method: Method | None, inputs: Inputs, values: Values, draws: Draws) -> Chosen:
        """Return what is kept of the inputs that are not the base, in their order."""
        picks = [_Pick() for _ in inputs.others]
        if method is not None:
            for row, index in enumerate(inputs.others):
                if (own := values.own[index])["density"] < 1:
                    picks[row] = _PICK[method](self, _Vector.of(inputs, index), own, draws)
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
        """Let the kept elements grow, so that each has the whole vector's L1 norm."""
        vectors = [_Vector.of(inputs, index) for index in inputs.others]
        after = _norms(vectors, self._masks, masked)
        for row in np.flatnonzero(masked).tolist():
            vector = vectors[row]
            whole = partial(_norms, [vector], self._masks, np.zeros(1, np.bool_))
            before = self._kept.get(("whole", *vector.key), whole)[0]
            if before >= 1e-7 and after[row] >= 1e-7:
                dtype = vector.base.dtype
                ratio = torch.tensor(before, dtype=dtype) / torch.tensor(after[row], dtype=dtype)
                scales[row] = float(ratio)

    def _by_magnitude(self, vector: "_Vector", own: Any, _: Draws) -> "_Pick":
        if own["density"] <= 0:
            return _Pick(kernels.NONE)
        ranks = self._kept.get(("falling", *vector.key), lambda: _ranks(vector, descending=True))
        high = max(1, int(own["density"] * ranks.size))
        return _Pick(kernels.RANKED, ranks, high=high)

    def _without_outliers(self, vector: "_Vector", own: Any, _: Draws) -> "_Pick":
        ranks = self._kept.get(("rising", *vector.key), lambda: _ranks(vector, descending=False))
        wanted = int(own["density"] * ranks.size)
        low = max(0, ranks.size - wanted - int(own["gamma"] * ranks.size))
        return _Pick(kernels.RANKED, ranks, low=low, high=low + wanted)

    def _at_random(self, vector: "_Vector", own: Any, draws: Draws) -> "_Pick":
        dtype = vector.base.dtype
        numbers = draws.next(vector.base.numel(), dtype)
        return _Pick(kernels.DRAWN, numbers, least=_rounded(own["density"], dtype))

    def _by_rank_at_random(self, vector: "_Vector", own: Any, draws: Draws) -> "_Pick":
        density, epsilon, dtype = own["density"], own["epsilon"], vector.base.dtype
        if density <= 0:
            return _Pick(kernels.NONE)
        norms = self._kept.get(("norms", *vector.key), lambda: _rank_norms(vector))
        numbers = draws.next(norms.size, dtype)
        least = _rounded(density - epsilon, dtype)
        return _Pick(kernels.DRAWN_BY_RANK, numbers, norms, least=least, epsilon=epsilon)


_PICK: dict[Method, Callable[..., "_Pick"]] = {
    Method.magnitude: Sparsity._by_magnitude,
    Method.magnitude_outliers: Sparsity._without_outliers,
    Method.random: Sparsity._at_random,
    Method.della_magprune: Sparsity._by_rank_at_random,
}


@dataclass(frozen=True)
class _Vector:
    """A task vector: its two tensors, and what tells it from all others."""

    base: torch.Tensor
    tuned: torch.Tensor
    key: tuple[object, ...]

    @classmethod
    def of(cls, inputs: Inputs, index: int) -> "_Vector":
        assert inputs.base is not None
        base = inputs.tensors[inputs.base]
        key = (inputs.names[inputs.base], inputs.names[index], base.dtype)
        return cls(base, inputs.tensors[index], key)

    def delta(self) -> torch.Tensor:
        return self.tuned - self.base


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


def _norms(vectors: Sequence[_Vector], masks: Array, masked: Array) -> Array:
    """Return the L1 norms of task vectors as torch's sum gives them, rounded to the dtype.

    In bfloat16 an exact sum rounds to the same number as torch's, unless it lies within the
    error of torch's from where the rounding changes; then torch is asked.
    """
    base = vectors[0].base
    given = flat(base), addresses([vector.tuned for vector in vectors]), masks, masked
    norms, sure = np.zeros(len(vectors), np.float32), np.zeros(len(vectors), np.bool_)
    if base.dtype is torch.bfloat16:
        sums = kernels.sums_of_magnitudes(*given)
        low, high = (
            torch.from_numpy(sums * (1 + side)).to(base.dtype).float().numpy()
            for side in (-_DOUBT, _DOUBT)
        )
        norms, sure = low, low == high
    if len(rows := np.flatnonzero(~sure)):
        magnitudes = torch.empty((len(rows), *base.shape), dtype=base.dtype)
        kernels.magnitudes(flat(magnitudes).reshape(len(rows), -1), *given, rows)
        norms[rows] = [float(one.sum()) for one in magnitudes]
    return norms


def _rounded(value: float, dtype: torch.dtype) -> np.float32:
    return np.float32(torch.tensor(value, dtype=dtype).item())


def _ranks(vector: _Vector, *, descending: bool) -> Array:
    """Return the rank of each magnitude of a task vector, int32: torch's own order of equals."""
    magnitudes = vector.delta().abs().reshape(-1).float()
    if descending:
        order = torch.argsort(magnitudes, descending=True)
    else:
        order = torch.sort(magnitudes, descending=False).indices
    ranks = torch.empty(order.numel(), dtype=torch.int32)
    ranks[order] = torch.arange(order.numel(), dtype=torch.int32)
    return ranks.numpy()


def _rank_norms(vector: _Vector) -> Array:
    """Return the ranks of magnitudes within each row, scaled to [0, 1], in the dtype."""
    rows = vector.delta().abs()
    rows = rows.unsqueeze(0) if rows.dim() < 2 else rows
    ranks = torch.argsort(torch.argsort(rows, dim=1), dim=1).to(rows.dtype) + 1
    least, most = (ranks.amin(dim=1, keepdim=True), ranks.amax(dim=1, keepdim=True))
    return flat(((ranks - least) / (most - least)).clamp(0, 1))
