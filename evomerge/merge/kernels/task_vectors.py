"""The kernel `task_vectors`: thinned out, weighted task vectors are added to a base."""

import numpy as np
import torch

from evomerge.merge.kernels import compiled
from evomerge.merge.kernels.cache import Cache
from evomerge.merge.kernels.draws import Draws
from evomerge.merge.kernels.sparsity import Sparsity, fits
from evomerge.merge.mergekit.methods import thinning
from evomerge.merge.tensors import Array, Inputs, Values, addresses

_ADDED = 4
"""Task vectors that torch adds up one after the other; five and more it adds in another order."""


class TaskVectors:
    """Task arithmetic, TIES, DARE, DELLA, Breadcrumbs.

    Source: mergekit 0.1.5, merge_methods/generalized_task_arithmetic.py, lines 91 to 172.

    Args:
        cache: Takes ranks, norms and draws.
    """

    def __init__(self, cache: Cache) -> None:
        self._sparsity = Sparsity(cache)

    @staticmethod
    def fits(method: str, inputs: Inputs, values: Values) -> bool:
        """Whether it gives mergekit's bits for these inputs: for up to four and a base."""
        if inputs.base is None or not 0 < len(inputs.others) <= _ADDED:
            return False
        own = [values.own[i] for i in inputs.others]
        return fits(thinning(method)[0], inputs.tensors[0], own)

    def merge(self, method: str, inputs: Inputs, values: Values, draws: Draws, out: Array) -> int:
        """Write the merged tensor; return how many numbers of it are NaN or infinite."""
        thinned, consensus = thinning(method)
        assert inputs.base is not None
        base, others = inputs.tensors[inputs.base], inputs.others
        chosen = self._sparsity.choose(thinned, inputs, values, draws)
        weights = torch.tensor([values.own[i]["weight"] for i in others], dtype=base.dtype)
        divide, divisor = 0, 1.0
        if values.shared["normalize"]:
            divide = 2 if consensus else 1
            divisor = float(weights.reshape(-1, *[1] * base.dim()).sum(dim=0))
            divisor = 1.0 if abs(divisor) < 1e-8 else divisor
        return int(
            compiled.task_vectors(
                out,
                base.data_ptr(),
                addresses([inputs.tensors[i] for i in others]),
                chosen.masks,
                chosen.masked,
                chosen.scales,
                weights.float().numpy(),
                consensus,
                divide,
                np.float32(divisor),
                np.float32(values.shared["lambda"]),
            )
        )
