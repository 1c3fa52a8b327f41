"""What kernels ask mergekit's merge methods."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mergekit import merge_methods
from mergekit.merge_methods.base import TensorGroup

from evomerge.merge.mergekit import private
from evomerge.merge.mergekit.process import seeded


def thinning(method: str) -> tuple[str | None, bool]:
    """Return what a method of task vectors does to them.

    Args:
        method: A method that adds task vectors to a base, such as `ties`.

    Returns:
        How they are thinned out (`magnitude`, `magnitude_outliers`, `random`, `della_magprune`) or
        None, and whether only elements of the majority's sign are kept.
    """
    return private.task_vectors(merge_methods.get(method))


def defaults(method: str) -> Mapping[str, Any]:
    """Return a method's parameters with mergekit's defaults; None where it has none."""
    return {p.name: p.default for p in merge_methods.get(method).spec.parameters}


def merged_by_mergekit(
    method: str, tensors: Sequence[torch.Tensor], base: int | None, parameters: Mapping[str, Any]
) -> torch.Tensor:
    """Return what a method makes of one tensor of each model, drawn from seed 0.

    Args:
        method: The method.
        tensors: One tensor a model.
        base: Index of the base model, or None.
        parameters: One value for all models each.
    """
    group = TensorGroup.from_tensors(list(tensors), base_index=base)
    with seeded(0):
        (merged,) = merge_methods.get(method)((group,), parameters=dict(parameters))
    tensor: torch.Tensor = merged
    return tensor
