"""Every line of the traits names what exists, and says what mergekit does with real tensors."""

from typing import Any

import pytest
import torch
from mergekit import merge_methods
from mergekit.merge_methods.base import TensorGroup

from evomerge.merge.kernels.arithmetic import KERNELS
from evomerge.methods.table import MERGEKIT, Method
from evomerge.methods.traits import (
    RANGES,
    SUMMING,
    TRAITS,
    UNIT_INTERVAL,
    WITHOUT_EFFECT,
    Traits,
    search_range,
    traits,
)

LAST = {"base", "epsilon"}
SIZE = 4096
PARAMETERS = {name for method in MERGEKIT.values() for name in method.parameters}
WEIGHTED = sorted(name for name, method in MERGEKIT.items() if "weight" in method.parameters)


def tensors(count: int, size: int = SIZE) -> list[torch.Tensor]:
    """Return tensors that differ a little, float32 [size]; the first is the base."""
    source = torch.Generator().manual_seed(1)
    first = torch.randn(size, generator=source)
    others = [first + 0.3 * torch.randn(size, generator=source) for _ in range(count - 1)]
    return [first, *others]


def merged(name: str, inputs: list[torch.Tensor], *, seed: int = 0, **values: Any) -> torch.Tensor:
    """Merge by mergekit itself, with a sensible value for each parameter that is not given."""
    method = MERGEKIT[name]
    defaults: dict[str, Any] = {
        "weight": [0.5 + 0.2 * i for i in range(counted(method, len(inputs)))],
        "density": 0.5,
        "t": 0.3,
        "epsilon": 0.2 if method.traits.bands else 0.1,
    }
    known = {k: v for k, v in (defaults | values).items() if k in method.parameters}
    group = TensorGroup.from_tensors(inputs, base_index=base_index(method))
    torch.manual_seed(seed)
    (result,) = merge_methods.get(name)((group,), parameters=known)
    assert isinstance(result, torch.Tensor)
    return result


def base_index(method: Method) -> int | None:
    return 0 if method.base == "required" else None


def counted(method: Method, inputs: int) -> int:
    """Return how many of the inputs have parameters of their own."""
    return inputs - (base_index(method) is not None)


def inputs_of(method: Method, size: int = SIZE) -> list[torch.Tensor]:
    most = method.max_inputs or method.max_non_base
    return tensors(most or 4, size)


def test_every_line_names_what_exists() -> None:
    assert TRAITS.keys() == MERGEKIT.keys()
    for key in RANGES:
        method, parameter = key if isinstance(key, tuple) else (None, key)
        known = MERGEKIT[method].parameters if method else PARAMETERS
        assert parameter in known, key
    assert SUMMING | UNIT_INTERVAL <= PARAMETERS
    assert all(parameter in MERGEKIT[method].parameters for method, parameter in WITHOUT_EFFECT)
    assert {known.kernel for known in TRAITS.values()} == {None, *KERNELS}
    for method in MERGEKIT.values():
        flag = method.traits.division and method.traits.division.unless
        assert flag is None or method.parameters[flag].type == "bool"
        for band in method.traits.bands:
            assert {band.center, band.width} <= method.parameters.keys()
        assert all(method.parameters[p].type == "float" for p in method.traits.differentiable)


def test_every_parameter_has_a_range_or_keeps_its_default() -> None:
    for method in MERGEKIT.values():
        for name, parameter in method.parameters.items():
            assert (method.name, name) in RANGES or name in RANGES
            assert not parameter.required or method.search_range(name) is not None


def test_ranges_keep_to_bands_and_to_the_unit_interval() -> None:
    for method in MERGEKIT.values():
        for band in method.traits.bands:
            found = [method.search_range(name) for name in (band.center, band.width)]
            center, width = (hole["float"] for hole in found if hole)
            assert not band.may_break(center, width)
        for name in UNIT_INTERVAL & method.effective:
            hole = method.search_range(name)
            assert hole is not None
            assert 0 <= min(hole["float"]) < max(hole["float"]) <= 1


@pytest.mark.parametrize("name", sorted(MERGEKIT))
def test_draws(name: str) -> None:
    sampled = 2_000_000 if name == "arcee_fusion" else SIZE  # draws from large tensors only
    inputs = inputs_of(MERGEKIT[name], sampled)
    differs = not torch.equal(merged(name, inputs, seed=0), merged(name, inputs, seed=1))
    assert differs == traits(name).draws


@pytest.mark.parametrize("name", [n for n in sorted(TRAITS) if TRAITS[n].elementwise])
def test_elementwise_methods_do_not_mind_the_order(name: str) -> None:
    inputs = inputs_of(MERGEKIT[name])
    order = torch.randperm(SIZE, generator=torch.Generator().manual_seed(2))
    turned = merged(name, [tensor[order] for tensor in inputs])
    assert torch.equal(turned, merged(name, inputs)[order])


def test_a_sum_over_a_tensor_minds_the_order() -> None:
    """So that the test above can fail: with `rescale` no method is element-wise."""
    inputs = inputs_of(MERGEKIT["ties"])
    order = torch.randperm(SIZE, generator=torch.Generator().manual_seed(2))
    turned = [tensor[order] for tensor in inputs]
    for name, values in (("ties", dict.fromkeys(SUMMING, True)), ("karcher", {})):
        assert not torch.equal(
            merged(name, turned, **values), merged(name, inputs, **values)[order]
        )


def is_affine(name: str, u: list[float], v: list[float]) -> bool:
    """Whether W(a·u + (1 - a)·v) = a·W(u) + (1 - a)·W(v), where nothing divides by their sum."""
    method, share = MERGEKIT[name], 0.3
    division = method.traits.division
    off = {division.unless: False} if division and division.unless else {}
    inputs = inputs_of(method)
    inner = [share * a + (1 - share) * b for a, b in zip(u, v, strict=True)]
    whole, first, second = (merged(name, inputs, weight=w, **off) for w in (inner, u, v))
    return torch.allclose(whole, share * first + (1 - share) * second, atol=2e-6)


@pytest.mark.parametrize("name", WEIGHTED)
def test_in_weights(name: str) -> None:
    count = counted(MERGEKIT[name], len(inputs_of(MERGEKIT[name])))
    u, v = [0.9, 0.1, 0.6, 0.3][:count], [0.2, 1.4, 0.5, 0.8][:count]
    kind = traits(name).in_weights
    assert is_affine(name, u, v) == (kind == "linear")
    scaled = [2 * weight for weight in u]  # no sign that is elected changes
    assert is_affine(name, u, scaled) or kind == "other"


@pytest.mark.parametrize("name", sorted(MERGEKIT.keys() - set(WEIGHTED)))
def test_without_weights_nothing_is_linear_in_them(name: str) -> None:
    assert traits(name).in_weights == "other"
    assert traits(name).division is None


@pytest.mark.parametrize("name", WEIGHTED)
def test_division(name: str) -> None:
    """Doubled weights give the same merge where it divides by their sum, and else another."""
    method = MERGEKIT[name]
    division, inputs = method.traits.division, inputs_of(method)
    assert division is not None
    ones = [1.0, 0.5, 0.25, 0.5][: counted(method, len(inputs))]
    twice = [2 * weight for weight in ones]
    flag = {division.unless: True} if division.unless else {}
    same = [merged(name, inputs, weight=w, **flag) for w in (ones, twice)]
    assert torch.allclose(*same, atol=1e-5)
    if division.unless:
        off = [merged(name, inputs, weight=w, **{division.unless: False}) for w in (ones, twice)]
        assert not torch.allclose(*off, atol=1e-2)
    balanced = [1.0, -1.0, 2.0, -2.0][: counted(method, len(inputs))]
    balanced[-1] -= sum(balanced)
    if division.zero_sum == "unscaled":
        assert merged(name, inputs, weight=balanced, **flag).isfinite().all()
    elif name != "nuslerp":  # of which mergekit makes the mean, whatever the two weights are
        assert not merged(name, inputs, weight=balanced, **flag).isfinite().all()


@pytest.mark.parametrize(("name", "parameter"), sorted(WITHOUT_EFFECT))
def test_without_effect(name: str, parameter: str) -> None:
    inputs = inputs_of(MERGEKIT[name])
    some, other = (merged(name, inputs, **{parameter: value}) for value in (0.2, 0.9))
    assert torch.equal(some, other)


@pytest.mark.parametrize("name", [n for n in sorted(TRAITS) if TRAITS[n].bands])
def test_bands(name: str) -> None:
    (band,) = traits(name).bands
    inputs = inputs_of(MERGEKIT[name])
    for center, width in [(0.5, 0.2), (0.5, 0.5), (0.1, 0.2), (0.9, 0.2), (1.0, 0.4)]:
        values = {band.center: center, band.width: width}
        if band.holds(center, width):
            assert merged(name, inputs, **values).isfinite().all()
        else:
            with pytest.raises(ValueError, match="density"):
                merged(name, inputs, **values)
    assert band.may_break([0.15, 0.9], [0.01, 0.14])
    assert band.may_break([0.1, 0.5], [0.01, 0.14])
    assert not band.may_break([0.15, 0.85], [0.01, 0.14])


@pytest.mark.parametrize("name", sorted(n for n, m in MERGEKIT.items() if m.merges_two))
def test_mirrored(name: str) -> None:
    """Two models in the other order give the same merge, at a value that the range holds too."""
    first, second = inputs_of(MERGEKIT[name])
    values, others = {"t": 0.3, "weight": [0.2, 0.8]}, {"t": 0.7, "weight": [0.8, 0.2]}
    there, back = merged(name, [first, second], **values), merged(name, [second, first], **others)
    assert torch.allclose(there, back, atol=1e-5) == traits(name).mirrored


def test_of_other_names_nothing_is_known() -> None:
    assert traits("moe") == Traits()
    assert search_range("mine", "pull", required_float=True) == {"float": [0, 1]}
    assert search_range("mine", "pull", required_float=False) is None
