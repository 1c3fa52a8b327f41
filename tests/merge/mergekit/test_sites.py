"""Values come from where a recipe says them: a source, a slice, the whole."""

from types import SimpleNamespace

from evomerge.merge.mergekit.configuration import configuration, locate, options
from evomerge.merge.mergekit.engine import prepare
from evomerge.merge.mergekit.sites import values_at
from evomerge.merge.mergekit.steps import compile_steps
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
