"""Which elements of a task vector are kept, as mergekit's sparsification decides it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mergekit.sparsify import SparsificationMethod as Method

from evomerge.merge import kernels
from evomerge.merge.kept import Array, Draws, Kept
from evomerge.merge.tensors import Inputs, Values, flat

_DOUBT = 1e-4
"""Bound on the relative error of torch's float32 sum of magnitudes: it adds up in blocks, so that
no number goes through more than a thousand roundings of 2**-24 each."""


@dataclass(frozen=True)
class Chosen:
    """Masks of the task vectors of one tensor.

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
    if method is Method.random:
        return all(values["density"] >= 0 for values in own)
    return True


class Sparsity:
    """Makes masks. Not thread-safe: the masks are valid until the next ones are made.

    Args:
        kept: Takes ranks, which do not depend on sampled values, and random draws.
    """

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._masks: Array = np.empty((0, 0), np.uint8)

    def choose(self, method: Method | None, inputs: Inputs, values: Values, draws: Draws) -> Chosen:
        """Return the masks of the inputs that are not the base, in their order."""
        others = inputs.others
        masked, scales = np.zeros(len(others), np.bool_), np.ones(len(others), np.float32)
        if method is None:
            return Chosen(self._masks, masked, scales)
        assert inputs.base is not None
        base = inputs.tensors[inputs.base]
        if self._masks.shape[0] < len(others) or self._masks.shape[1] < base.numel():
            self._masks = np.empty((len(others), base.numel()), np.uint8)
        for row, index in enumerate(others):
            own, tensor = values.own[index], inputs.tensors[index]
            if own["density"] >= 1:
                continue
            mask = self._masks[row, : base.numel()]
            key = (inputs.names[inputs.base], inputs.names[index], base.dtype)
            _SELECT[method](self, mask, base, tensor, own, key, draws)
            masked[row] = True
            if values.shared["rescale"]:
                scales[row] = self._rescale(mask, base, tensor, key)
        return Chosen(self._masks, masked, scales)

    def _by_magnitude(
        self, mask: Array, base: torch.Tensor, tensor: torch.Tensor, own: Any, key: Any, _: Draws
    ) -> None:
        if own["density"] <= 0:
            mask.fill(0)
            return
        ranks = self._kept.get(("falling", *key), lambda: _ranks(base, tensor, descending=True))
        kernels.select_ranks(mask, ranks, 0, max(1, int(own["density"] * mask.size)))

    def _without_outliers(
        self, mask: Array, base: torch.Tensor, tensor: torch.Tensor, own: Any, key: Any, _: Draws
    ) -> None:
        ranks = self._kept.get(("rising", *key), lambda: _ranks(base, tensor, descending=False))
        wanted = int(own["density"] * mask.size)
        low = max(0, mask.size - wanted - int(own["gamma"] * mask.size))
        kernels.select_ranks(mask, ranks, low, low + wanted)

    def _at_random(
        self, mask: Array, base: torch.Tensor, _: Any, own: Any, __: Any, draws: Draws
    ) -> None:
        numbers = draws.next(mask.size, base.dtype)
        kernels.select_drawn(mask, numbers, _rounded(own["density"], base.dtype))

    def _by_rank_at_random(
        self,
        mask: Array,
        base: torch.Tensor,
        tensor: torch.Tensor,
        own: Any,
        key: Any,
        draws: Draws,
    ) -> None:
        density, epsilon = own["density"], own["epsilon"]
        if density <= 0:
            mask.fill(0)
            return
        norms = self._kept.get(("norms", *key), lambda: _rank_norms(base, tensor))
        numbers = draws.next(mask.size, base.dtype)
        least = _rounded(density - epsilon, base.dtype)
        kernels.select_by_rank_drawn(mask, numbers, norms, least, np.float32(epsilon))

    def _rescale(self, mask: Array, base: torch.Tensor, tensor: torch.Tensor, key: Any) -> float:
        """Return by how much the kept elements grow, to have the whole vector's L1 norm."""

        def whole() -> Array:
            return np.array([_norm(mask, base, tensor, masked=False)])

        before = torch.tensor(self._kept.get(("whole", *key), whole)[0], dtype=base.dtype)
        after = torch.tensor(_norm(mask, base, tensor, masked=True), dtype=base.dtype)
        return 1.0 if before < 1e-7 or after < 1e-7 else float(before / after)


def _norm(mask: Array, base: torch.Tensor, tensor: torch.Tensor, *, masked: bool) -> float:
    """Return the L1 norm of a task vector as torch's sum gives it, rounded to the dtype.

    In bfloat16 an exact sum rounds to the same number as torch's, unless it lies within the
    error of torch's from where the rounding changes; then torch is asked.
    """
    if base.dtype is torch.bfloat16:
        exact = kernels.sum_of_magnitudes(flat(base), flat(tensor), mask, masked)
        low, high = (
            torch.tensor(exact * (1 + side), dtype=torch.float64).to(base.dtype).item()
            for side in (-_DOUBT, _DOUBT)
        )
        if low == high:
            return float(low)
    delta = tensor - base
    if masked:
        delta *= torch.from_numpy(mask).reshape(delta.shape).to(delta.dtype)
    return float(delta.abs().sum())


def _rounded(value: float, dtype: torch.dtype) -> np.float32:
    return np.float32(torch.tensor(value, dtype=dtype).item())


def _ranks(base: torch.Tensor, tensor: torch.Tensor, *, descending: bool) -> Array:
    """Return the rank of each magnitude of a task vector, int32: torch's own order of equals."""
    magnitudes = (tensor - base).abs().reshape(-1).float()
    if descending:
        order = torch.argsort(magnitudes, descending=True)
    else:
        order = torch.sort(magnitudes, descending=False).indices
    ranks = torch.empty(order.numel(), dtype=torch.int32)
    ranks[order] = torch.arange(order.numel(), dtype=torch.int32)
    return ranks.numpy()


def _rank_norms(base: torch.Tensor, tensor: torch.Tensor) -> Array:
    """Return the ranks of magnitudes within each row, scaled to [0, 1], in the dtype."""
    rows = (tensor - base).abs()
    rows = rows.unsqueeze(0) if rows.dim() < 2 else rows
    ranks = torch.argsort(torch.argsort(rows, dim=1), dim=1).to(base.dtype) + 1
    least, most = (ranks.amin(dim=1, keepdim=True), ranks.amax(dim=1, keepdim=True))
    return flat(((ranks - least) / (most - least)).clamp(0, 1))


_SELECT: dict[Method, Callable[..., None]] = {
    Method.magnitude: Sparsity._by_magnitude,
    Method.magnitude_outliers: Sparsity._without_outliers,
    Method.random: Sparsity._at_random,
    Method.della_magprune: Sparsity._by_rank_at_random,
}
