"""L1 norms of task vectors, as torch's sum gives them."""

from collections.abc import Sequence

import numpy as np
import torch

from evomerge.merge.kernels import compiled as kernels
from evomerge.merge.kernels.vectors import TaskVector
from evomerge.merge.tensors import Array, addresses, flat

_DOUBT = 1e-4
"""Bound on the relative error of torch's float32 sum of magnitudes: it adds up in blocks, so that
no number goes through more than a thousand roundings of 2**-24 each."""


def norms(vectors: Sequence[TaskVector], masks: Array, masked: Array) -> Array:
    """Return the L1 norms of what is left of task vectors, rounded to their dtype, float32 [n].

    In bfloat16 an exact sum rounds to the same number as torch's, unless it lies within the
    error of torch's from where the rounding changes; then torch is asked.

    Args:
        vectors: `n` task vectors of one base.
        masks: Which elements are kept, uint8 [n, ≥ size].
        masked: Whether a vector's mask counts, bool [n].

    Source: mergekit 0.1.5, sparsify.py, lines 41 and 42.
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
