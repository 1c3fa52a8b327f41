"""Slopes of whole recipes equal finite differences of mergekit's own merges, in float64."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from evomerge.merge.merger import Merger
from evomerge.methods.traits import TRAITS
from evomerge.recipe.leaves import Leaf, setting
from evomerge.recipe.recipe import Recipe

STEPS = {"ramplus_tl": 1e-2}
"""Half the step of a difference: 1e-7, so small that no sign that is elected changes, but for
methods that compute in float32 whatever the dtype."""
METHODS = sorted(name for name, known in TRAITS.items() if known.differentiable)
SCALES = {"nearswap": 0.02}
"""What the values are multiplied with where they would change nothing, so large are they."""
MORE = {"ramplus_tl": {"epsilon": 0.02}}
"""Parameters without which a method makes nothing of models as near to each other as these."""


def document(make: SimpleNamespace, method: str, kind: str) -> dict[str, Any]:
    """A recipe in which each parameter that has a derivative is plain, a gradient, or by filter."""
    made: dict[str, Any] = make.document(method, kind) | {"dtype": "float64"}
    names = TRAITS[method].differentiable - {"weight", "scale"}
    if names:
        value = moved(make.values[kind], SCALES.get(method, 1.0))
        made["parameters"] = dict.fromkeys(sorted(names), value) | MORE.get(method, {})
    return made


def moved(value: Any, factor: float) -> Any:
    if isinstance(value, list):
        return [moved(one, factor) for one in value]
    if isinstance(value, dict):
        return value | {"value": moved(value["value"], factor)}
    return value * factor


def changed(document: dict[str, Any], leaf: Leaf, by: float) -> Recipe:
    other = json.loads(json.dumps(document))  # no value is one object with another
    place: Any = other
    for key in leaf[:-1]:
        place = place[key]
    place[leaf[-1]] += by
    return Recipe.from_document(other)


def direction(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """A random gradient: that of a loss which is linear in the weights."""
    source = torch.Generator().manual_seed(0)
    return {
        name: torch.randn(p.shape, generator=source, dtype=torch.float64)
        for name, p in model.named_parameters()
    }


def slopes_of(merger: Merger, recipe: Recipe) -> dict[Leaf, float]:
    model = merger.merge(recipe).model
    slopes = merger.slopes(recipe)
    for name, gradient in direction(model).items():
        if name in slopes.names:
            slopes.add(name, gradient)
    return slopes.by_leaf()


def loss(merger: Merger, recipe: Recipe) -> float:
    model = merger.merge(recipe).model
    gradients = direction(model)
    return sum(
        float((p.detach().double() * gradients[n]).sum()) for n, p in model.named_parameters()
    )


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        pytest.param(method, kind, marks=() if method in fast else pytest.mark.slow)
        for kind, fast in (("plain", METHODS), ("gradient", ["slerp"]), ("filter", ["ties"]))
        for method in METHODS
    ],
)
def test_equal_finite_differences(
    method: str, kind: str, merger: Merger, make: SimpleNamespace
) -> None:
    recipe = document(make, method, kind)
    slopes = slopes_of(merger, Recipe.from_document(recipe))
    assert {setting(leaf) for leaf in slopes} == TRAITS[method].differentiable
    assert all(slopes.values())
    step = STEPS.get(method, 1e-7)
    for leaf, slope in slopes.items():
        up, down = (loss(merger, changed(recipe, leaf, by)) for by in (step, -step))
        assert slope == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-4), leaf


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("weights", [(0, 1), (0, 0)])
def test_a_weight_of_zero_has_the_slope_of_leaving_it(
    weights: tuple[int, int], normalize: bool, merger: Merger, make: SimpleNamespace
) -> None:
    """Where signs are elected, all that are 0 leave it; a jump counts as if nothing divided."""
    recipe = make.weighted("ties", 0, "ab", base_model="base")
    recipe |= {"dtype": "float64", "parameters": {"normalize": normalize}}
    for model, weight in zip(recipe["models"], weights, strict=True):
        model["parameters"] = {"weight": weight, "density": 1.0}
    leaves = [("models", i, "parameters", "weight") for i in (0, 1) if not weights[i]]
    slopes = slopes_of(merger, Recipe.from_document(recipe))
    by_kernels = slopes_of(merger, Recipe.from_document(recipe | {"dtype": "float32"}))
    step = 1e-6

    def moved_by(by: float) -> float:
        document = recipe
        for leaf in leaves:
            document = changed(document, leaf, by).document
        return loss(merger, Recipe.from_document(document))

    if not any(weights):  # what is divided is a mean, however small its weights
        recipe["parameters"] = {"normalize": False}
    wanted = (moved_by(2 * step) - moved_by(step)) / step
    assert sum(slopes[leaf] for leaf in leaves) == pytest.approx(wanted, rel=5e-3)
    for leaf in leaves:
        assert by_kernels[leaf] == pytest.approx(slopes[leaf], rel=5e-3)


def test_tied_tensors_are_one_parameter_and_gradients_add_up(
    family: dict[str, Path], cache: Path, tmp_path: Path, make: SimpleNamespace
) -> None:
    torch.manual_seed(2)
    for name in "ab":
        shutil.copytree(family[name], tmp_path / name)
        config = LlamaConfig.from_pretrained(family[name], tie_word_embeddings=True)
        LlamaForCausalLM(config).save_pretrained(tmp_path / name)
    merger = Merger({name: str(tmp_path / name) for name in "ab"}, cache)
    document = make.weighted("linear", 0.4, "ab") | {"dtype": "float64"}
    recipe = Recipe.from_document(document)
    slopes = slopes_of(merger, recipe)
    model = merger.merge(recipe).model
    assert merger.slopes(recipe).names == dict(model.named_parameters()).keys()
    for leaf, slope in slopes.items():
        up, down = (loss(merger, changed(document, leaf, by)) for by in (1e-6, -1e-6))
        assert slope == pytest.approx((up - down) / 2e-6, rel=1e-4)
    merger.merge(recipe)
    twice = merger.slopes(recipe)
    for name, gradient in [*direction(model).items()] * 2:
        twice.add(name, gradient.float())
    assert twice.by_leaf() == pytest.approx({k: 2 * v for k, v in slopes.items()}, rel=1e-4)


def test_only_tensors_that_hang_on_a_number_need_gradients(
    merger: Merger, make: SimpleNamespace
) -> None:
    weights = [{"filter": "q_proj", "value": 0.3}, {"filter": "nowhere", "value": 0.8}]
    document = make.weighted("task_arithmetic", weights, "a", base_model="base")
    document["models"][0]["parameters"]["weight"].append({"value": "4e-1"})  # no number in YAML
    recipe = Recipe.from_document(json.loads(json.dumps(document)))
    merger.merge(recipe)
    slopes = merger.slopes(recipe)
    assert {name for name in slopes.names if "q_proj" not in name} == set()
    assert len(slopes.names) == 4
    path = ("models", 0, "parameters", "weight")
    assert slopes.by_leaf() == {(*path, 0, "value"): 0.0, (*path, 1, "value"): 0.0}
