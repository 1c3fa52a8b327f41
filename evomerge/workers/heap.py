"""What becomes of memory that torch frees: pages that are kept need not be made again."""

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_MMAPPED = 2**25  # bytes; as much as glibc allows


def keep_freed() -> None:
    """Keep freed blocks of up to 32 MiB, 256 MiB in all, in this process; only glibc can be told.

    Each forward pass makes and frees the same tensors; given back to the system in between,
    every page of them is zeroed again at its next touch.
    """
    if mallopt := getattr(_libc(), "mallopt", None):
        mallopt(_TRIM_THRESHOLD, 8 * _MMAPPED)
        mallopt(_TOP_PAD, 2 * _MMAPPED)
        mallopt(_MMAP_THRESHOLD, _MMAPPED)


def give_back() -> None:
    """Give freed blocks back to the system."""
    if trim := getattr(_libc(), "malloc_trim", None):
        trim(0)


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform == "linux" else None
