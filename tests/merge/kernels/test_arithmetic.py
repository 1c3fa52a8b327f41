"""Kernels give mergekit's bits, for every method they serve; elsewhere mergekit is asked."""

from typing import Any

import pytest
import torch
from mergekit import merge_methods
from mergekit.merge_methods.base import TensorGroup

from evomerge.merge.kernels import arithmetic
from evomerge.merge.kernels.arithmetic import Arithmetic, serves
from evomerge.merge.kernels.cache import Draws, Kept
from evomerge.merge.kernels.tensors import Inputs, Values
from evomerge.merge.mergekit.seeding import seeded

VECTORS = (
    "task_arithmetic",
    "ties",
    "dare_linear",
    "dare_ties",
    "breadcrumbs",
    "breadcrumbs_ties",
    "della",
    "della_linear",
)
SERVED = ("linear", "slerp", *VECTORS)
DTYPES = (torch.bfloat16, torch.float32)
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
    kept, out = Kept(room), torch.full_like(wanted, torch.nan)
    one = Arithmetic(kept)
    for _ in range(2):
        with seeded(5):
            assert one.merge(method, inputs, Values(shared, own), Draws(kept, 5), out)
    assert kept.held_bytes <= room
    return out, wanted


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    whole = torch.int16 if one.dtype is torch.bfloat16 else torch.int32
    return torch.equal(one.view(whole), other.view(whole))


@pytest.fixture(autouse=True)
def one_thread_for_sums() -> None:
    """What is summed over a whole tensor runs on one thread, as the exported command says."""
    torch.set_num_threads(1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(577,), (61, 129), (3, 40_000)])
@pytest.mark.parametrize("method", SERVED)
def test_same_bits_as_mergekit(method: str, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    for count in (2,) if method == "slerp" else (2, 3, 5):
        assert same_bits(*both(method, tensors(count, shape, dtype)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", VECTORS)
def test_same_bits_with_every_option(method: str, dtype: torch.dtype) -> None:
    models = tensors(4, (40, 300), dtype)
    for normalize in (True, False):
        for rescale in (True, False):
            given = {"normalize": normalize, "rescale": rescale, "lambda": 1.7}
            assert same_bits(*both(method, models, **given))
    assert same_bits(*both(method, models, density=1.0))
    assert same_bits(*both(method, models, density=[1.0, 0.5, 1.0, 0.3]))
    assert same_bits(*both(method, models, density=0.0))
    assert same_bits(*both(method, models, weight=[0.5, 0.5, -0.5, 0.0], normalize=True))


@pytest.mark.parametrize("method", SERVED)
def test_nothing_kept_changes_nothing(method: str) -> None:
    models = tensors(2, (61, 129), torch.bfloat16)
    assert same_bits(*both(method, models, room=0))


def test_slerp_of_parallel_and_opposite_tensors() -> None:
    base = tensors(2, (61, 129), torch.float32)[0]
    for other in (base * 2, -base, torch.zeros_like(base)):
        assert same_bits(*both("slerp", (base, other)))


def test_numbers_that_are_not_kept_are_drawn_where_they_stand() -> None:
    """The generator catches up over what was kept."""
    kept = Kept(100 * 4)
    with seeded(3):
        wanted = torch.rand(350).numpy()
    for _ in range(2):
        with seeded(3):
            draws = Draws(kept, 3)
            got = [draws.next(count, torch.float32).copy() for count in (100, 150, 100)]
        assert (wanted == [number for part in got for number in part]).all()
    assert kept.held_bytes == 400


@pytest.mark.parametrize(
    ("method", "count", "given"),
    [
        ("ties", 6, {}),  # torch adds five and more up in another order
        ("della", 3, {"density": 0.95, "epsilon": 0.1}),  # mergekit refuses it
        ("nuslerp", 2, {}),
    ],
)
def test_mergekit_is_asked_where_kernels_do_not_serve(
    method: str, count: int, given: dict[str, Any]
) -> None:
    models = tensors(count, (61, 129), torch.float32)
    shared, own = parameters(method, count, **given)
    inputs = Inputs(tuple(map(str, range(count))), models, 0)
    assert not serves(method, inputs, Values(shared, own))


def test_a_machine_whose_bits_differ_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    right = arithmetic._slerp_weights
    monkeypatch.setattr(
        arithmetic, "_slerp_weights", lambda *given: tuple(x * 2 for x in right(*given))
    )
    arithmetic.proven.cache_clear()
    assert not arithmetic.proven("slerp", torch.float32)
    arithmetic.proven.cache_clear()
