"""The kernel `task_vectors`: thinned out, weighted task vectors are added to a base."""

from typing import NamedTuple

import numpy as np
import torch

from evomerge.merge.kernels import compiled
from evomerge.merge.kernels.cache import Cache
from evomerge.merge.kernels.draws import Draws
from evomerge.merge.kernels.sparsity import Sparsity, fits
from evomerge.merge.mergekit.methods import thinning
from evomerge.merge.tensors import Array, Inputs, Parameter, Values, addresses, flat

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
        given = self._terms(method, inputs, values, draws)
        return int(
            compiled.task_vectors(
                out,
                _base(inputs).data_ptr(),
                *given.vectors,
                given.consensus,
                given.divide,
                np.float32(given.divisor or 1),
                np.float32(values.shared["lambda"]),
            )
        )

    def slopes(
        self, method: str, inputs: Inputs, values: Values, draws: Draws, gradient: Array
    ) -> dict[Parameter, float]:
        """Return what a loss changes by with weights and `lambda`; see `Arithmetic.slopes`.

        With what is added to the base as λ M, M = Σ wᵢ uᵢ eᵢ / D for task vectors u, signs that
        agree e, and D = 1, Σ wᵢ or Σ wᵢ eᵢ: ∂W/∂λ = M, and ∂W/∂wᵢ = λ eᵢ (uᵢ - M) / D, without M
        where D does not depend on the weights.
        """
        given = self._terms(method, inputs, values, draws)
        by_element = given.divide == 2
        own, pull = compiled.task_vector_dots(
            gradient, flat(_base(inputs)), *given.vectors, given.consensus, by_element
        )
        if given.divide == 1 and given.divisor:
            own = own / given.divisor
            pull = np.full_like(own, own @ given.vectors.weights / given.divisor)
        slopes = values.shared["lambda"] * (own - pull)
        found: dict[Parameter, float] = {(None, "lambda"): float(own @ given.vectors.weights)}
        return found | {
            (index, "weight"): slope
            for index, slope in zip(inputs.others, slopes.tolist(), strict=True)
        }

    def _terms(self, method: str, inputs: Inputs, values: Values, draws: Draws) -> "_Terms":
        thinned, consensus = thinning(method)
        base, others = _base(inputs), inputs.others
        chosen = self._sparsity.choose(thinned, inputs, values, draws)
        weights = torch.tensor([values.own[i]["weight"] for i in others], dtype=base.dtype)
        divide, divisor = 0, 0.0
        if values.shared["normalize"]:
            divide = 2 if consensus else 1
            divisor = float(weights.reshape(-1, *[1] * base.dim()).sum(dim=0))
            divisor = 0.0 if abs(divisor) < 1e-8 else divisor
        tuned = addresses([inputs.tensors[i] for i in others])
        masks = chosen.masks, chosen.masked, chosen.scales
        return _Terms(_Vectors(tuned, *masks, weights.float().numpy()), consensus, divide, divisor)


class _Vectors(NamedTuple):
    """Task vectors as kernels take them; see `compiled.task_vectors`."""

    parents: Array
    masks: Array
    masked: Array
    scales: Array
    weights: Array


class _Terms(NamedTuple):
    """What a merge is made of.

    Args:
        vectors: The task vectors.
        consensus: Whether signs must agree.
        divide: As `compiled.task_vectors` takes it.
        divisor: The sum of the weights, or 0 where it is so near 0 that nothing is divided.
    """

    vectors: _Vectors
    consensus: bool
    divide: int
    divisor: float


def _base(inputs: Inputs) -> torch.Tensor:
    assert inputs.base is not None
    return inputs.tensors[inputs.base]
