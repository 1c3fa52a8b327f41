"""What the tests of kernels share: tensors that are hard to get right, mergekit's answer."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mergekit import merge_methods
from mergekit.merge_methods.base import TensorGroup

from evomerge.merge.kernels.arithmetic import Arithmetic, serves
from evomerge.merge.kernels.cache import Cache
from evomerge.merge.kernels.draws import Draws
from evomerge.merge.mergekit.process import seeded
from evomerge.merge.tensors import Inputs, Values

ROOM = 2**30


def tensors(count: int, shape: tuple[int, ...], dtype: torch.dtype) -> tuple[torch.Tensor, ...]:
    """A base and models near it, with equal magnitudes, zeros of both signs and tiny numbers."""
    source = torch.Generator().manual_seed(len(shape) + count)
    base = torch.randn(shape, generator=source).to(dtype)
    base.reshape(-1)[::7] = -0.0
    near = []
    for _ in range(count - 1):
        steps = torch.randint(-6, 7, shape, generator=source).to(torch.float32)
        model = base + (steps * 0.01).to(dtype)
        model.reshape(-1)[::11] = 1e-40
        near.append(model)
    return base, *near


def parameters(method: str, count: int, **given: Any) -> tuple[dict[str, Any], list[Any]]:
    """What mergekit takes for one tensor: shared values, and values for each model."""
    spec = merge_methods.get(method).spec
    given = {"t": 0.3, "weight": [0.7, -0.2, 0.5, 0.9, 0.4, 0.1], "epsilon": 0.1} | given
    given = {"density": [0.3, 0.55, 0.8, 0.45, 0.7, 0.6], "gamma": 0.05} | given
    own: list[dict[str, Any]] = [{} for _ in range(count)]
    shared = {}
    for p in spec.parameters:
        value = given.get(p.name, p.default)
        if p.scope == "shared":
            shared[p.name] = value
        else:
            for i in range(count):
                own[i][p.name] = value[i] if isinstance(value, list) else value
    return shared, own


def both(
    method: str, models: tuple[torch.Tensor, ...], room: int = ROOM, **given: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    """The tensor by kernels, merged for the second time, and by mergekit."""
    base = None if method == "linear" else 0
    shared, own = parameters(method, len(models), **given)
    entries = own if base is None else own[1:]
    supplied = shared | {name: [v[name] for v in entries] for name in own[0]}
    group = TensorGroup.from_tensors(models, base_index=base)
    with seeded(5):
        (wanted,) = merge_methods.get(method)((group,), parameters=supplied)
    inputs = Inputs(tuple(map(str, range(len(models)))), models, base)
    assert serves(method, inputs, Values(shared, own))
    cache, out = Cache(room), torch.full_like(wanted, torch.nan)
    one = Arithmetic(cache)
    for _ in range(2):
        with seeded(5):
            assert one.merge(method, inputs, Values(shared, own), Draws(cache, 5), out)
    assert cache.held_bytes <= room
    return out, wanted


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    whole = torch.int16 if one.dtype is torch.bfloat16 else torch.int32
    return torch.equal(one.view(whole), other.view(whole))


@pytest.fixture(scope="session")
def kernel() -> SimpleNamespace:
    """Functions that make tensors and parameters, and merge them on both sides."""
    return SimpleNamespace(tensors=tensors, parameters=parameters, both=both, same_bits=same_bits)


@pytest.fixture(autouse=True)
def one_thread_for_sums() -> None:
    """What is summed over a whole tensor runs on one thread, as the exported command says."""
    torch.set_num_threads(1)
