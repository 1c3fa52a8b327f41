"""The process is given back as it was."""

import random

import numpy as np
import pytest
import torch

from evomerge.merge.mergekit.process import kept_rng, seeded, threads


def states() -> tuple[object, list[int], list[int]]:
    return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()


def test_seeds_hold_for_the_block_alone() -> None:
    before = states()
    drawn = []
    for seed in (1, 1, 2):
        with seeded(seed):
            drawn.append((random.random(), np.random.rand(), float(torch.rand(1))))
    assert drawn[0] == drawn[1] != drawn[2]
    with pytest.raises(RuntimeError), kept_rng():
        torch.rand(1)
        raise RuntimeError
    assert states() == before


def test_threads_hold_for_the_block_alone() -> None:
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError), threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise RuntimeError
    with threads(None):
        assert torch.get_num_threads() == before
    assert torch.get_num_threads() == before
