"""What mergekit raises gets a name."""

import errno

import pytest
import torch

from evomerge.errors import Failure, TrialError
from evomerge.merge.mergekit.failures import check_finite, named_failures


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (RuntimeError("The size of tensor size a must match the size of b"), "SHAPE_MISMATCH"),
        (RuntimeError("CUDA out of memory"), "OUT_OF_MEMORY"),
        (MemoryError(), "OUT_OF_MEMORY"),
        (KeyError("weight"), "MERGE_FAILED"),
        (OSError("no such model"), "MERGE_FAILED"),
    ],
)
def test_errors_become_failures(error: Exception, failure: str) -> None:
    with pytest.raises(TrialError, match="mergekit: ") as caught:
        with named_failures(Failure.MERGE_FAILED):
            raise error
    assert caught.value.failure is Failure[failure]
    assert caught.value.__cause__ is error


def test_the_machines_errors_stay() -> None:
    with pytest.raises(OSError), named_failures(Failure.MERGE_FAILED):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_must_be_finite(value: float) -> None:
    check_finite("w", torch.tensor([]))
    check_finite("w", torch.tensor([1, 2]))
    check_finite("w", torch.tensor([1.0, 2.0]))
    with pytest.raises(TrialError, match="merged w holds NaN or infinity") as caught:
        check_finite("w", torch.tensor([1.0, value]))
    assert caught.value.failure is Failure.NAN_WEIGHTS
