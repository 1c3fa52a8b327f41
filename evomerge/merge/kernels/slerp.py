"""The kernel `slerp`: spherical interpolation between two models."""

import numpy as np
import torch

from evomerge.merge.kernels import compiled
from evomerge.merge.kernels.cache import Cache
from evomerge.merge.kernels.draws import Draws
from evomerge.merge.tensors import Array, Inputs, Parameter, Values, addresses, flat

_STRAIGHT = 0.9995
"""Cosine above which, or below the negative of which, there is no arc: mergekit interpolates."""


class Slerp:
    """Interpolates between the base and one other model along the arc between them.

    Source: mergekit 0.1.5, merge_methods/slerp.py, lines 34 to 78; Shoemake 1985, Animating
    rotation with quaternion curves, section 3.3.

    Args:
        cache: Takes the angle between two tensors.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    @staticmethod
    def fits(method: str, inputs: Inputs, values: Values) -> bool:
        """Whether it gives mergekit's bits for these inputs: for two, one of them the base."""
        return len(inputs.tensors) == 2 and inputs.base is not None

    def merge(self, method: str, inputs: Inputs, values: Values, draws: Draws, out: Array) -> int:
        """Write the merged tensor; return how many numbers of it are NaN or infinite."""
        first, second = _ends(inputs)
        a, b = coefficients(values.shared["t"], self._cosine(inputs))
        return int(compiled.two_weighted(out, first.data_ptr(), second.data_ptr(), a, b))

    def slopes(
        self, method: str, inputs: Inputs, values: Values, draws: Draws, gradient: Array
    ) -> dict[Parameter, float]:
        """Return what a loss changes by with `t`; see `Arithmetic.slopes`."""
        ends = _ends(inputs)
        dots = compiled.dots(gradient, flat(ends[0]), addresses(ends))
        return {(None, "t"): float(dots @ velocities(values.shared["t"], self._cosine(inputs)))}

    def _cosine(self, inputs: Inputs) -> torch.Tensor:
        first, second = _ends(inputs)
        key = ("angle", *inputs.names, inputs.base, first.dtype)
        return torch.from_numpy(self._cache.get(key, lambda: _cosine(first, second).numpy()))


def _ends(inputs: Inputs) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the tensors at 0, of the base, and at 1."""
    assert inputs.base is not None
    return inputs.tensors[inputs.base], inputs.tensors[1 - inputs.base]


def _cosine(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the cosine between two tensors, float32 [1], summed in mergekit's order."""
    # mergekit 0.1.5, merge_methods/slerp.py, lines 41 to 63
    pieces = [torch.split(t.reshape(1, -1), 2**20, dim=1) for t in (first, second)]
    norms = []
    for parts in pieces:
        own = [torch.linalg.vector_norm(part.float(), dim=1, keepdim=True) for part in parts]
        norm = torch.linalg.vector_norm(torch.stack(own), dim=0)
        norms.append(torch.where(norm > 1e-8, norm, 1))
    products = [
        ((a.float() / norms[0]) * (b.float() / norms[1])).sum(dim=1, keepdim=True)
        for a, b in zip(*pieces, strict=True)
    ]
    return torch.stack(products).sum(dim=0).clamp(-1, 1).reshape(1)


def coefficients(t: float, cosine: torch.Tensor) -> tuple[np.float32, np.float32]:
    """Return what the two models are multiplied with.

    Args:
        t: Where on the arc, in [0, 1].
        cosine: Of the angle between them, float32 [1].
    """
    # mergekit 0.1.5, merge_methods/slerp.py, lines 64 to 70
    share = torch.tensor([t], dtype=torch.float32)
    straight = cosine.abs() > _STRAIGHT
    theta = torch.acos(torch.where(straight, 0, cosine))
    a = torch.where(straight, 1 - share, torch.sin((1 - share) * theta) / torch.sin(theta))
    b = torch.where(straight, share, torch.sin(share * theta) / torch.sin(theta))
    return np.float32(a.item()), np.float32(b.item())


def velocities(t: float, cosine: torch.Tensor) -> Array:
    """Return the derivatives by `t` of what the two models are multiplied with, float64 [2].

    Args:
        t: Where on the arc, in [0, 1].
        cosine: Of the angle between them, float32 [1].
    """
    if abs(angle := float(cosine)) > _STRAIGHT:
        return np.array([-1.0, 1.0])
    theta = np.arccos(angle)
    ends = np.array([-np.cos((1 - t) * theta), np.cos(t * theta)])
    return np.asarray(theta * ends / np.sin(theta))
