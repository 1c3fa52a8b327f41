"""Autograd goes through mergekit's own methods, where they copy numbers or leave some out too."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from evomerge.merge.mergekit.autograd import traced
from evomerge.merge.mergekit.configuration import configuration, locate, options
from evomerge.merge.mergekit.engine import prepare
from evomerge.merge.mergekit.steps import Step, compile_steps
from evomerge.merge.tensors import Values
from evomerge.recipe.recipe import Recipe

TENSOR = "model.layers.2.mlp.up_proj.weight"


def step_of(document: dict[str, Any], locations: dict[str, str]) -> tuple[Step, Values]:
    recipe = locate(Recipe.from_document(document), locations)
    config, settings = configuration(recipe), options(recipe, "")
    prepared = prepare(config.model_copy(deep=True), settings)
    steps = compile_steps(prepared.tasks, prepared.sites)
    assert steps is not None
    found = dict(zip((s.save.tensor_name for s in steps.steps), steps.steps, strict=True))
    step = found[TENSOR]
    return step, steps.bind(config)[steps.steps.index(step)]


def test_a_lambda_of_one_has_a_derivative(make: SimpleNamespace, locations: dict[str, str]) -> None:
    document = make.weighted("ties", base_model="base") | {"dtype": "float64"}
    step, values = step_of(document, locations)
    assert values.shared["lambda"] == 1
    merged = step.by_mergekit(values, "cpu")
    assert merged is not None
    reads = {load.model: load for load in step.merge.gather_tensors.arguments().values()}
    base = reads[step.merge.base_model]
    gradient = torch.randn(merged.shape, dtype=torch.float64)
    (slope,) = traced(step, values, [(None, "lambda")], "cpu").slopes(gradient).values()
    change = merged - base.execute()
    assert float(slope) == pytest.approx(float((gradient * change).sum()))


@pytest.mark.parametrize("method", ["linear", "multislerp", "task_arithmetic"])
def test_small_gradients_are_not_lost_in_float16(
    method: str, make: SimpleNamespace, locations: dict[str, str]
) -> None:
    base = {} if method == "linear" else {"base_model": "base"}
    found = []
    for dtype in ("float64", "float16"):
        document = make.weighted(method, **base) | {"dtype": dtype}
        step, values = step_of(document, locations)
        own = [dict(one) | {"weight": 0.3 + 0.2 * i} for i, one in enumerate(values.own)]
        wanted = [(i, "weight") for i, one in enumerate(values.own) if one]
        again = traced(step, Values(values.shared, own), wanted, "cpu")
        gradient = 1e-9 * torch.randn((64, 32), generator=torch.Generator().manual_seed(0))
        found.append(again.slopes(gradient))
    exact, rough = found
    size = max(map(abs, exact.values()))
    assert size > 0
    for parameter, slope in exact.items():
        assert float(rough[parameter]) == pytest.approx(float(slope), abs=3e-2 * float(size))
