"""The kernel `linear`: a weighted sum of models."""

import numpy as np
import torch

from evomerge.merge.kernels import compiled
from evomerge.merge.kernels.cache import Cache
from evomerge.merge.kernels.draws import Draws
from evomerge.merge.tensors import Array, Inputs, Parameter, Values, addresses, flat


class Linear:
    """Adds up weighted models.

    Source: mergekit 0.1.5, merge_methods/linear.py, lines 28 to 38; Wortsman et al. 2022, Model
    soups, arXiv:2203.05482, section 2.
    """

    def __init__(self, cache: Cache) -> None:
        """Need no cache."""

    @staticmethod
    def fits(method: str, inputs: Inputs, values: Values) -> bool:
        """Whether it gives mergekit's bits for these inputs: for any."""
        return True

    def merge(self, method: str, inputs: Inputs, values: Values, draws: Draws, out: Array) -> int:
        """Write the sum; return how many numbers of it are NaN or infinite."""
        weights = torch.tensor([[own["weight"] for own in values.own]], dtype=torch.float32)
        return int(
            compiled.weighted_sum(
                out,
                addresses(inputs.tensors),
                weights[0].numpy(),
                bool(values.shared["normalize"]),
                np.float32(weights.sum(dim=1).item()),
            )
        )

    def slopes(
        self, method: str, inputs: Inputs, values: Values, draws: Draws, gradient: Array
    ) -> dict[Parameter, float]:
        """Return what a loss changes by with each weight; see `Arithmetic.slopes`."""
        dots = compiled.dots(gradient, flat(inputs.tensors[0]), addresses(inputs.tensors))
        if values.shared["normalize"]:
            weights = np.array([own["weight"] for own in values.own])
            dots = (dots - dots @ weights / weights.sum()) / weights.sum()
        return {(index, "weight"): dot for index, dot in enumerate(dots.tolist())}
