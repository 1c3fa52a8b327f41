"""What mergekit takes from the whole process, and the caller gets back as it was."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from transformers.trainer_utils import set_seed


@contextmanager
def kept_rng() -> Iterator[None]:
    """Give Python's, numpy's and torch's global random states back as they were."""
    python, numpy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    on_gpu = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    cuda = torch.cuda.get_rng_state_all() if on_gpu else None
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(cpu)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed everything as `mergekit-yaml --random-seed` does, for the block only.

    Args:
        seed: In [0, 2**31).
    """
    with kept_rng():
        set_seed(seed)
        yield


Rng = tuple[torch.Tensor, list[torch.Tensor]]
"""Where torch's generators stand: the CPU's, and one for each GPU that is in use."""


def rng() -> Rng:
    """Return where torch's generators stand."""
    on_gpu = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return torch.get_rng_state(), torch.cuda.get_rng_state_all() if on_gpu else []


@contextmanager
def resumed(state: Rng) -> Iterator[None]:
    """Let torch's generators go on from where they stood, for the block only."""
    with kept_rng():
        torch.set_rng_state(state[0])
        if state[1]:
            torch.cuda.set_rng_state_all(state[1])
        yield


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Let torch use this many CPU threads within the block; None changes nothing."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
