"""The way back by kernels is the way back by autograd through mergekit."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from evomerge.merge.backward import Run, parts
from evomerge.merge.kernels.arithmetic import Arithmetic
from evomerge.merge.kernels.cache import Cache
from evomerge.merge.mergekit.configuration import configuration, locate, options
from evomerge.merge.plans import Plans
from evomerge.merge.runner import StepRunner
from evomerge.methods.traits import TRAITS
from evomerge.recipe.recipe import Recipe

KERNELS = sorted(name for name, known in TRAITS.items() if known.kernel)


def made(document: dict[str, Any], locations: dict[str, str]) -> Run:
    """How a recipe's tensors are made by kernels, all random numbers drawn."""
    recipe = locate(Recipe.from_document(document), locations)
    config, settings = configuration(recipe), options(recipe, "")
    runner = StepRunner(2**30)
    steps = Plans(runner.inputs).of(recipe.form, config, settings).steps
    assert steps is not None
    runner.cache.limit_bytes = 0  # converted parents are in it already
    runner.run(steps, config, settings, {})
    assert runner.last is not None
    return runner.last


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("method", KERNELS)
def test_kernels_agree_with_mergekit(
    method: str, dtype: torch.dtype, make: SimpleNamespace, locations: dict[str, str]
) -> None:
    document = make.document(method, "plain") | {"dtype": str(dtype).removeprefix("torch.")}
    for index, entry in enumerate(document["models"]):
        if "weight" in entry.get("parameters", {}):
            entry["parameters"] |= {"weight": (0.9, -0.3, 0.5)[index]}
    flags: list[dict[str, Any]] = [{}]
    if method != "slerp":
        flags = [{"normalize": True}, {"normalize": False}]
    if "lambda" in TRAITS[method].differentiable:
        flags = [flag | {"lambda": value} for flag in flags for value in (1, 0.7)]
    for flag in flags:
        run = made(document | {"parameters": document.get("parameters", {}) | flag}, locations)
        assert all(one.fast for one in run.made)
        slow = run._replace(made=[one._replace(fast=False) for one in run.made])
        fast_parts, slow_parts = (parts(r, Arithmetic(Cache(0)), "cpu") for r in (run, slow))
        assert fast_parts.keys() == slow_parts.keys()
        source = torch.Generator().manual_seed(0)
        for one in list(run.made)[::-5]:
            name = one.step.save.tensor_name
            assert one.step.inputs is not None
            shape = one.step.inputs.tensors[0].shape
            gradient = torch.randn(shape, generator=source).to(dtype)
            got, wanted = (p[name].pull(gradient) for p in (fast_parts, slow_parts))
            size = max(abs(float(value)) for value in wanted.values())
            near = 1e-4 if dtype is torch.float32 else 6e-2  # autograd's sums are bfloat16
            for parameter, slope in wanted.items():
                assert float(got[parameter]) == pytest.approx(float(slope), abs=near * size)
