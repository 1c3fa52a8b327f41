"""A weighted sum, as mergekit adds it up."""

from types import SimpleNamespace

import pytest
import torch


@pytest.mark.parametrize("count", [1, 6])
def test_one_model_and_many(count: int, kernel: SimpleNamespace) -> None:
    for normalize in (True, False):
        models = kernel.tensors(count, (40, 300), torch.bfloat16)
        assert kernel.same_bits(*kernel.both("linear", models, normalize=normalize))
