"""Task vectors with every option, bit for bit."""

from types import SimpleNamespace

import pytest
import torch

DTYPES = (torch.bfloat16, torch.float32)
METHODS = (
    "task_arithmetic",
    "ties",
    "dare_linear",
    "dare_ties",
    "breadcrumbs",
    "breadcrumbs_ties",
    "della",
    "della_linear",
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", METHODS)
def test_same_bits_with_every_option(
    method: str, dtype: torch.dtype, kernel: SimpleNamespace
) -> None:
    same_bits, both = kernel.same_bits, kernel.both
    models = kernel.tensors(4, (40, 300), dtype)
    for normalize in (True, False):
        for rescale in (True, False):
            given = {"normalize": normalize, "rescale": rescale, "lambda": 1.7}
            assert same_bits(*both(method, models, **given))
    assert same_bits(*both(method, models, density=1.0))
    assert same_bits(*both(method, models, density=[1.0, 0.5, 1.0, 0.3]))
    assert same_bits(*both(method, models, density=0.0))
    assert same_bits(*both(method, models, weight=[0.5, 0.5, -0.5, 0.0], normalize=True))
