"""Merge methods by kernels of our own, where these give mergekit's bits; elsewhere mergekit's."""

from functools import cache
from typing import Any

import numpy as np
import torch
from mergekit import merge_methods
from mergekit.merge_methods.base import TensorGroup
from mergekit.merge_methods.generalized_task_arithmetic import GeneralizedTaskArithmeticMerge

from evomerge.merge.kernels import compiled as kernels
from evomerge.merge.kernels.cache import Array, Draws, Kept
from evomerge.merge.kernels.sparsity import Sparsity, fits
from evomerge.merge.kernels.tensors import Inputs, Values, addresses, flat
from evomerge.merge.mergekit.seeding import seeded

DTYPES = (torch.bfloat16, torch.float32)
"""What kernels can read."""
_ADDED = 4
"""Task vectors that torch adds up one after the other; five and more it adds in another order."""
_SHARED = 2**16
"""Numbers below which waking other threads takes longer than the work."""


class Arithmetic:
    """Merges tensor by tensor, on as many threads as torch uses when it is made. Not thread-safe.

    Args:
        kept: Takes what merges share.
    """

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._sparsity = Sparsity(kept)
        self._threads = torch.get_num_threads()

    def merge(
        self, method: str, inputs: Inputs, values: Values, draws: Draws, out: torch.Tensor
    ) -> bool:
        """Write the merged tensor into `out`.

        Args:
            method: A method that `serves` says yes to, with these inputs and values.
            inputs: The models' tensors.
            values: The parameters.
            draws: The merge's random numbers.
            out: Contiguous, of the inputs' shape and dtype.

        Returns:
            Whether every number of it is finite.
        """
        kernels.use_threads(self._threads if out.numel() >= _SHARED else 1)
        if method == "linear":
            bad = _linear(inputs, values, flat(out))
        elif method == "slerp":
            bad = self._slerp(inputs, values, flat(out))
        else:
            bad = self._task_vectors(method, inputs, values, draws, flat(out))
        return not bad

    def _slerp(self, inputs: Inputs, values: Values, out: Array) -> int:
        assert inputs.base is not None
        first, second = inputs.tensors[inputs.base], inputs.tensors[1 - inputs.base]
        key = ("angle", *inputs.names, inputs.base, first.dtype)
        angle = self._kept.get(key, lambda: _cosine(first, second).numpy())
        a, b = _slerp_weights(values.shared["t"], torch.from_numpy(angle))
        return int(kernels.two_weighted(out, first.data_ptr(), second.data_ptr(), a, b))

    def _task_vectors(
        self, method: str, inputs: Inputs, values: Values, draws: Draws, out: Array
    ) -> int:
        kind = merge_methods.get(method)
        assert inputs.base is not None
        base, others = inputs.tensors[inputs.base], inputs.others
        chosen = self._sparsity.choose(kind.sparsification_method, inputs, values, draws)
        weights = torch.tensor([values.own[i]["weight"] for i in others], dtype=base.dtype)
        divide, divisor = 0, 1.0
        if values.shared["normalize"]:
            divide = 2 if kind.consensus_method else 1
            divisor = float(weights.reshape(-1, *[1] * base.dim()).sum(dim=0))
            divisor = 1.0 if abs(divisor) < 1e-8 else divisor
        return int(
            kernels.task_vectors(
                out,
                base.data_ptr(),
                addresses([inputs.tensors[i] for i in others]),
                chosen.masks,
                chosen.masked,
                chosen.scales,
                weights.float().numpy(),
                kind.consensus_method is not None,
                divide,
                np.float32(divisor),
                np.float32(values.shared["lambda"]),
            )
        )


def serves(method: str, inputs: Inputs, values: Values) -> bool:
    """Whether a kernel gives mergekit's bits for this tensor, on this machine."""
    first = inputs.tensors[0]
    if first.dtype not in DTYPES or not first.numel():
        return False
    if method == "slerp":
        return len(inputs.tensors) == 2 and inputs.base is not None and proven(method, first.dtype)
    if method != "linear":
        if not isinstance(merge_methods.get(method), GeneralizedTaskArithmeticMerge):
            return False
        if inputs.base is None or not 0 < len(inputs.others) <= _ADDED:
            return False
        sparsification = merge_methods.get(method).sparsification_method
        if not fits(sparsification, first, [values.own[i] for i in inputs.others]):
            return False
    return proven(method, first.dtype)


@cache
def proven(method: str, dtype: torch.dtype) -> bool:
    """Whether kernel and mergekit agree on this machine, on a tensor of random numbers.

    Torch's own kernels differ between processors, in what they fuse for instance.
    """
    source = torch.Generator().manual_seed(0)
    shape = (37, 129)
    count = 2 if method == "slerp" else 4
    base = torch.randn(shape, generator=source)
    tensors = [base + torch.randn(shape, generator=source) * 0.1 for _ in range(count - 1)]
    tensors = [tensor.to(dtype) for tensor in (base, *tensors)]
    spec = merge_methods.get(method).spec
    given: dict[str, Any] = {"weight": 0.7, "density": 0.45, "epsilon": 0.2, "gamma": 0.1}
    given |= {"t": 0.3, "normalize": True, "lambda": 0.9}
    given = {p.name: given.get(p.name, p.default) for p in spec.parameters}
    group = TensorGroup.from_tensors(tensors, base_index=None if method == "linear" else 0)
    with seeded(0):
        (wanted,) = merge_methods.get(method)((group,), parameters=given)
    kept = Kept(2**20)
    inputs = Inputs(tuple("0123"[:count]), tuple(tensors), None if method == "linear" else 0)
    out = torch.empty_like(wanted)
    with seeded(0):
        Arithmetic(kept).merge(method, inputs, Values(given, [given] * count), Draws(kept, 0), out)
    return torch.equal(out, wanted)


def _linear(inputs: Inputs, values: Values, out: Array) -> int:
    weights = torch.tensor([[own["weight"] for own in values.own]], dtype=torch.float32)
    return int(
        kernels.weighted_sum(
            out,
            addresses(inputs.tensors),
            weights[0].numpy(),
            bool(values.shared["normalize"]),
            np.float32(weights.sum(dim=1).item()),
        )
    )


def _cosine(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the cosine between two tensors, float32 [1], summed in mergekit's order."""
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


def _slerp_weights(t: float, cosine: torch.Tensor) -> tuple[np.float32, np.float32]:
    """Return what the two models are multiplied with.

    Source: Shoemake 1985, Animating rotation with quaternion curves, section 3.3.
    """
    share = torch.tensor([t], dtype=torch.float32)
    straight = cosine.abs() > 0.9995
    theta = torch.acos(torch.where(straight, 0, cosine))
    a = torch.where(straight, 1 - share, torch.sin((1 - share) * theta) / torch.sin(theta))
    b = torch.where(straight, share, torch.sin(share * theta) / torch.sin(theta))
    return np.float32(a.item()), np.float32(b.item())
