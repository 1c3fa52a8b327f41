"""Values come from where a recipe says them: a source, a slice, the whole."""

import json
from types import SimpleNamespace

import pytest

from evomerge.merge.mergekit.configuration import configuration, locate, options
from evomerge.merge.mergekit.engine import prepare
from evomerge.merge.mergekit.sites import shares_at, values_at
from evomerge.merge.mergekit.steps import compile_steps
from evomerge.merge.tensors import Parameter
from evomerge.recipe.leaves import leaves
from evomerge.recipe.recipe import Recipe


def test_the_nearest_value_counts(make: SimpleNamespace, locations: dict[str, str]) -> None:
    sources = [{"model": m, "layer_range": [0, 4]} for m in "ab"]
    sources[0]["parameters"] = {"weight": [{"filter": "mlp", "value": 0.1}, {"value": [0.2, 0.8]}]}
    document = {
        "merge_method": "linear",
        "slices": [{"sources": sources, "parameters": {"weight": 0.6}}],
        "parameters": {"weight": 0.9, "normalize": False},
        "dtype": "float32",
    }
    recipe = locate(Recipe.from_document(document), locations)
    config, settings = configuration(recipe), options(recipe, "")
    prepared = prepare(config.model_copy(deep=True), settings)
    steps = compile_steps(prepared.tasks, prepared.sites, lambda reads, base: None)
    assert steps is not None
    found = {}
    for step in steps.steps:
        values = values_at(step.site, step.merge, config)
        assert values.shared["normalize"] is False
        found[step.save.tensor_name] = [own["weight"] for own in values.own]
    assert found["model.layers.0.mlp.up_proj.weight"] == [0.1, 0.6]
    assert found["model.layers.0.self_attn.q_proj.weight"] == [0.2, 0.6]
    assert found["model.layers.3.self_attn.q_proj.weight"] == [0.8, 0.6]


def test_shares_are_what_a_value_moves_by(make: SimpleNamespace, locations: dict[str, str]) -> None:
    """Each number of the recipe moved alone: mergekit resolves what its share says."""
    sources = [{"model": m, "layer_range": [0, 4]} for m in ("base", "a", "b", "c")]
    filters = [{"filter": "q_proj", "value": [0.1, 0.4]}, {"filter": "mlp", "value": 0.3}]
    sources[1]["parameters"] = {"weight": filters}
    sources[2]["parameters"] = {"weight": {"filter": "*", "value": [0.2, 0.8, 0.4]}}
    document = {
        "merge_method": "ties",
        "base_model": "base",
        "slices": [{"sources": sources, "parameters": {"weight": 0.6}}],
        "parameters": {"weight": 0.9, "lambda": [0.7, 0.8, 0.9, 1, 1.1, 1.2], "density": 0.5},
        "dtype": "float32",
    }
    recipe = locate(Recipe.from_document(document), locations)
    settings = options(recipe, "")
    prepared = prepare(configuration(recipe).model_copy(deep=True), settings)
    steps = compile_steps(prepared.tasks, prepared.sites, lambda reads, base: None)
    assert steps is not None

    def values(other: Recipe) -> list[dict[Parameter, float]]:
        return [
            {(None, "lambda"): bound.shared["lambda"]}
            | {(i, "weight"): own["weight"] for i, own in enumerate(bound.own) if own}
            for bound in steps.bind(configuration(other))
        ]

    before = values(recipe)
    shares = [shares_at(step.site, step.merge, configuration(recipe)) for step in steps.steps]
    for leaf, number in leaves(recipe.document).items():
        moved = json.loads(json.dumps(recipe.document))
        place = moved
        for key in leaf[:-1]:
            place = place[key]
        place[leaf[-1]] = number + 1
        for old, new, share in zip(
            before, values(Recipe.from_document(moved)), shares, strict=True
        ):
            assert share.keys() == old.keys()
            for parameter in old:
                moves = new[parameter] - old[parameter]
                assert moves == pytest.approx(share[parameter].get(leaf, 0.0), abs=1e-12)
