"""Task vectors, and what of them does not depend on sampled values: ranks of magnitudes."""

from dataclasses import dataclass

import torch

from evomerge.merge.tensors import Array, Inputs, flat


@dataclass(frozen=True)
class TaskVector:
    """What one model has learned: its tensor less the base's.

    Args:
        base: The base model's tensor.
        tuned: The model's.
        key: What tells it from all other task vectors of the search.

    Source: Ilharco et al. 2022, Editing models with task arithmetic, arXiv:2212.04089, section 2.
    """

    base: torch.Tensor
    tuned: torch.Tensor
    key: tuple[object, ...]

    @classmethod
    def of(cls, inputs: Inputs, index: int) -> "TaskVector":
        """Return the task vector of one of the inputs."""
        assert inputs.base is not None
        base = inputs.tensors[inputs.base]
        key = (inputs.names[inputs.base], inputs.names[index], base.dtype)
        return cls(base, inputs.tensors[index], key)

    def delta(self) -> torch.Tensor:
        """Return the vector itself, in the dtype of its two tensors."""
        return self.tuned - self.base


def ranks(vector: TaskVector, *, descending: bool) -> Array:
    """Return the rank of each magnitude of a task vector, int32: torch's own order of equals.

    Source: mergekit 0.1.5, sparsify.py, lines 71 to 75 (descending) and 106 to 112.
    """
    magnitudes = vector.delta().abs().reshape(-1).float()
    if descending:
        order = torch.argsort(magnitudes, descending=True)
    else:
        order = torch.sort(magnitudes, descending=False).indices
    ranks = torch.empty(order.numel(), dtype=torch.int32)
    ranks[order] = torch.arange(order.numel(), dtype=torch.int32)
    return ranks.numpy()


def rank_norms(vector: TaskVector) -> Array:
    """Return the ranks of magnitudes within each row, scaled to [0, 1], in the dtype.

    Source: mergekit 0.1.5, sparsify.py, lines 160 to 169.
    """
    rows = vector.delta().abs()
    rows = rows.unsqueeze(0) if rows.dim() < 2 else rows
    ranks = torch.argsort(torch.argsort(rows, dim=1), dim=1).to(rows.dtype) + 1
    least, most = (ranks.amin(dim=1, keepdim=True), ranks.amax(dim=1, keepdim=True))
    return flat(((ranks - least) / (most - least)).clamp(0, 1))
