"""Slerp where the arc is no arc."""

from types import SimpleNamespace

import torch

from evomerge.merge.kernels.slerp import coefficients


def test_parallel_and_opposite_tensors(kernel: SimpleNamespace) -> None:
    base = kernel.tensors(2, (61, 129), torch.float32)[0]
    for other in (base * 2, -base, torch.zeros_like(base)):
        assert kernel.same_bits(*kernel.both("slerp", (base, other)))


def test_coefficients_follow_the_arc() -> None:
    right_angle, same = torch.tensor([0.0]), torch.tensor([1.0])
    assert coefficients(0.5, right_angle)[0] == coefficients(0.5, right_angle)[1]
    assert abs(coefficients(0.5, right_angle)[0] - 0.5**0.5) < 1e-6
    assert coefficients(0.25, same) == (0.75, 0.25)
