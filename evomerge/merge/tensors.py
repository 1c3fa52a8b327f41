"""What one output tensor is merged from: its inputs, and the values of its parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

Array = np.ndarray

Parameter = tuple[int | None, str]
"""A parameter of one output tensor: the index of the input that it belongs to, or None where all
share it, and its name."""


@dataclass(frozen=True)
class Inputs:
    """What one output tensor is merged from.

    Args:
        names: What tells each tensor from all others of the search.
        tensors: The models' tensors: on the CPU, contiguous, finite, of one shape and dtype.
        base: Index of the base model's tensor, or None.
    """

    names: tuple[str, ...]
    tensors: tuple[torch.Tensor, ...]
    base: int | None

    @property
    def others(self) -> list[int]:
        """Indices of the inputs that are not the base."""
        return [i for i in range(len(self.tensors)) if i != self.base]


@dataclass(frozen=True)
class Values:
    """The parameters of one output tensor, as mergekit resolves them.

    Args:
        shared: Parameter → value.
        own: For each input, parameter → value.
    """

    shared: Mapping[str, Any]
    own: Sequence[Mapping[str, Any]]


def flat(tensor: torch.Tensor) -> Array:
    """Return a contiguous tensor's own memory: bfloat16 as uint16."""
    bits = tensor.view(torch.uint16) if tensor.dtype is torch.bfloat16 else tensor
    return bits.detach().reshape(-1).numpy()


def shaped(array: Array, like: torch.Tensor) -> torch.Tensor:
    """Return the tensor of `like`'s shape and dtype whose memory `flat` gave."""
    return torch.from_numpy(array).view(like.dtype).reshape(like.shape)


def addresses(tensors: Sequence[torch.Tensor]) -> Array:
    """Return where the tensors' memory begins, int64 [n]."""
    return np.array([tensor.data_ptr() for tensor in tensors], dtype=np.int64)
