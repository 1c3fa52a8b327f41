"""Whether torch can use the device that was asked for."""

import torch

from evomerge.errors import InputError, PlatformError


def check_device(device: str, where: str = "--device", count: int = 1) -> None:
    """Refuse a device that is not there.

    Args:
        device: As torch names it: `cpu`, `cuda`, `cuda:1`.
        where: What asked for it.
        count: How many of its kind are wanted.

    Raises:
        InputError: torch knows no such device.
        PlatformError: This machine, or this build of torch, has none.
    """
    try:
        kind = torch.device(device).type
    except RuntimeError:
        raise InputError(f"no device {device!r}", where=where, help="cpu, cuda or cuda:N") from None
    if kind == "cuda" and not torch.cuda.is_available():
        raise PlatformError(
            "a GPU was asked for, and torch finds none",
            where=where,
            help="install torch for your GPU, or work on the cpu",
        )
    if kind == "cuda" and torch.cuda.device_count() < count:
        there = torch.cuda.device_count()
        raise PlatformError(f"{count} GPUs were asked for, and torch finds {there}", where=where)
