"""Ranks of magnitudes."""

import torch

from evomerge.merge.kernels.vectors import TaskVector, rank_norms, ranks
from evomerge.merge.tensors import Inputs


def vector() -> TaskVector:
    base = torch.zeros(2, 3)
    tuned = torch.tensor([[0.1, -0.5, 0.3], [0.0, 0.2, -0.4]])
    return TaskVector.of(Inputs(("base", "a"), (base, tuned), 0), 1)


def test_ranks_are_those_of_magnitudes() -> None:
    assert ranks(vector(), descending=True).tolist() == [4, 0, 2, 5, 3, 1]
    assert ranks(vector(), descending=False).tolist() == [1, 5, 3, 0, 2, 4]


def test_rank_norms_go_from_zero_to_one_in_each_row() -> None:
    assert rank_norms(vector()).tolist() == [0, 1, 0.5, 0, 0.5, 1]
