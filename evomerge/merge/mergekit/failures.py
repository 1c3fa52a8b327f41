"""What mergekit raises, as failures with a name."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError

from evomerge.errors import Failure, TrialError, is_out_of_memory


def check_finite(name: str, tensor: torch.Tensor) -> None:
    """Refuse a merged tensor that holds NaN or infinity.

    Raises:
        TrialError: It does (`NAN_WEIGHTS`).
    """
    if tensor.numel() and tensor.is_floating_point():
        low, high = torch.aminmax(tensor)
        if not (torch.isfinite(low) and torch.isfinite(high)):
            raise not_finite(name)


def not_finite(name: str) -> TrialError:
    """Return the failure of a merged tensor that holds NaN or infinity."""
    return TrialError(Failure.NAN_WEIGHTS, f"merged {name} holds NaN or infinity")


@contextmanager
def named_failures(otherwise: Failure) -> Iterator[None]:
    """Turn what mergekit raises into a `TrialError` with the failure's name."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:  # the machine's, for the caller to judge
            raise
        raise TrialError(otherwise, f"mergekit: {error}") from error
    except (
        MemoryError,
        RuntimeError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        SafetensorError,
        StrictDataclassError,
    ) as error:
        raise TrialError(_name(error, otherwise), f"mergekit: {error}") from error


def _name(error: Exception, otherwise: Failure) -> Failure:
    if is_out_of_memory(error):
        return Failure.OUT_OF_MEMORY
    lowered = str(error).lower()
    if any(hint in lowered for hint in ("size mismatch", "tensor size", "must match the size")):
        return Failure.SHAPE_MISMATCH
    return otherwise
