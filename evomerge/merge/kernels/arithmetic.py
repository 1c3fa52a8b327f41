"""Merge methods by kernels of our own, where these give mergekit's bits; elsewhere mergekit's."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol

import torch

from evomerge.merge.kernels import compiled
from evomerge.merge.kernels.cache import Cache
from evomerge.merge.kernels.draws import Draws
from evomerge.merge.kernels.linear import Linear
from evomerge.merge.kernels.slerp import Slerp
from evomerge.merge.kernels.task_vectors import TaskVectors
from evomerge.merge.mergekit.methods import defaults, merged_by_mergekit
from evomerge.merge.mergekit.process import seeded
from evomerge.merge.tensors import Array, Inputs, Parameter, Values, flat
from evomerge.methods.table import MERGEKIT
from evomerge.methods.traits import traits

DTYPES = (torch.bfloat16, torch.float32)
"""What kernels can read."""
_SHARED = 2**16
"""Numbers below which waking other threads takes longer than the work."""


class Kernel(Protocol):
    """Merges one tensor of a kind of method, on the CPU, in one pass over the weights."""

    def __init__(self, cache: Cache) -> None:
        """Take the cache of what does not depend on the sampled values."""

    @staticmethod
    def fits(method: str, inputs: Inputs, values: Values) -> bool:
        """Whether it can do what mergekit does with these inputs and values."""
        ...

    def merge(self, method: str, inputs: Inputs, values: Values, draws: Draws, out: Array) -> int:
        """Write the merged tensor into `out`; return how many numbers are NaN or infinite."""
        ...

    def slopes(
        self, method: str, inputs: Inputs, values: Values, draws: Draws, gradient: Array
    ) -> dict[Parameter, float]:
        """Return the derivative by each parameter of the gradient's dot product with the tensor."""
        ...


KERNELS: Mapping[str, type[Kernel]] = {
    "linear": Linear,
    "slerp": Slerp,
    "task_vectors": TaskVectors,
}
"""Kernels by the name that a merge method's traits give."""


class Arithmetic:
    """Merges tensor by tensor, on as many threads as torch uses when it is made. Not thread-safe.

    Args:
        cache: Takes what merges share.
    """

    def __init__(self, cache: Cache) -> None:
        self._kernels = {name: kernel(cache) for name, kernel in KERNELS.items()}
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
        kernel = self._kernel(method, out.numel())
        return not kernel.merge(method, inputs, values, draws, flat(out))

    def slopes(
        self, method: str, inputs: Inputs, values: Values, draws: Draws, gradient: torch.Tensor
    ) -> dict[Parameter, float]:
        """Return what a loss changes by with each parameter of a tensor.

        Args:
            method: A method that `serves` says yes to, with these inputs and values.
            inputs: The models' tensors.
            values: The parameters.
            draws: The merge's random numbers, at the place where its making began.
            gradient: The loss's gradient with respect to the merged tensor; of its shape.

        Returns:
            Parameter that has a derivative → derivative; masks, elected signs, scales and draws
            are held.
        """
        kernel = self._kernel(method, gradient.numel())
        held = gradient if gradient.dtype in DTYPES else gradient.float()
        given = flat(held.cpu().contiguous())
        return kernel.slopes(method, inputs, values, draws, given)

    def _kernel(self, method: str, size: int) -> Kernel:
        compiled.use_threads(self._threads if size >= _SHARED else 1)
        name = traits(method).kernel
        assert name is not None
        return self._kernels[name]


def serves(method: str, inputs: Inputs, values: Values) -> bool:
    """Whether a kernel gives mergekit's bits for this tensor, on this machine."""
    first = inputs.tensors[0]
    kernel = traits(method).kernel
    if kernel is None or first.dtype not in DTYPES or not first.numel():
        return False
    return KERNELS[kernel].fits(method, inputs, values) and proven(method, first.dtype)


@cache
def proven(method: str, dtype: torch.dtype) -> bool:
    """Whether kernel and mergekit agree on this machine, on a tensor of random numbers.

    Torch's own kernels differ between processors, in what they fuse for instance.
    """
    source = torch.Generator().manual_seed(0)
    shape = (37, 129)
    contract = MERGEKIT[method]
    count = contract.max_inputs or 4
    first = torch.randn(shape, generator=source)
    tensors = [first + torch.randn(shape, generator=source) * 0.1 for _ in range(count - 1)]
    tensors = [tensor.to(dtype) for tensor in (first, *tensors)]
    given: dict[str, Any] = {"weight": 0.7, "density": 0.45, "epsilon": 0.2, "gamma": 0.1}
    given |= {"t": 0.3, "normalize": True, "lambda": 0.9}
    given = {name: given.get(name, default) for name, default in defaults(method).items()}
    base = 0 if contract.base == "required" else None
    wanted = merged_by_mergekit(method, tensors, base, given)
    memory = Cache(2**20)
    inputs = Inputs(tuple("0123"[:count]), tuple(tensors), base)
    out = torch.empty_like(wanted)
    values = Values(given, [given] * count)
    with seeded(0):
        Arithmetic(memory).merge(method, inputs, values, Draws(memory, 0), out)
    return torch.equal(out, wanted)
