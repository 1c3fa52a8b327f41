"""Kernels give mergekit's bits, for every method they serve; elsewhere mergekit is asked."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from evomerge.merge.kernels import arithmetic, slerp
from evomerge.merge.kernels.arithmetic import serves
from evomerge.merge.tensors import Inputs, Values

SERVED = (
    "linear",
    "slerp",
    "task_arithmetic",
    "ties",
    "dare_linear",
    "dare_ties",
    "breadcrumbs",
    "breadcrumbs_ties",
    "della",
    "della_linear",
)
DTYPES = (torch.bfloat16, torch.float32)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(577,), (61, 129), (3, 40_000)])
@pytest.mark.parametrize("method", SERVED)
def test_same_bits_as_mergekit(
    method: str, shape: tuple[int, ...], dtype: torch.dtype, kernel: SimpleNamespace
) -> None:
    for count in (2,) if method == "slerp" else (2, 3, 5):
        assert kernel.same_bits(*kernel.both(method, kernel.tensors(count, shape, dtype)))


@pytest.mark.parametrize("method", SERVED)
def test_nothing_cached_changes_nothing(method: str, kernel: SimpleNamespace) -> None:
    models = kernel.tensors(2, (61, 129), torch.bfloat16)
    assert kernel.same_bits(*kernel.both(method, models, room=0))


@pytest.mark.parametrize(
    ("method", "count", "given"),
    [
        ("ties", 6, {}),  # torch adds five and more up in another order
        ("della", 3, {"density": 0.95, "epsilon": 0.1}),  # mergekit refuses it
        ("nuslerp", 2, {}),
    ],
)
def test_mergekit_is_asked_where_kernels_do_not_serve(
    method: str, count: int, given: dict[str, Any], kernel: SimpleNamespace
) -> None:
    models = kernel.tensors(count, (61, 129), torch.float32)
    shared, own = kernel.parameters(method, count, **given)
    inputs = Inputs(tuple(map(str, range(count))), models, 0)
    assert not serves(method, inputs, Values(shared, own))


def test_a_machine_whose_bits_differ_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = slerp.coefficients
    monkeypatch.setattr(slerp, "coefficients", lambda *given: tuple(x * 2 for x in right(*given)))
    arithmetic.proven.cache_clear()
    assert not arithmetic.proven("slerp", torch.float32)
    arithmetic.proven.cache_clear()
