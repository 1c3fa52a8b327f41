"""Recipes: what they are named by, and what does not change their seed."""

import subprocess
import sys

import yaml

from evomerge.recipe.recipe import Recipe

TIES = """\
merge_method: dare_ties
base_model: base
models: [{model: a, parameters: {weight: 0.5, rescale: true}}, {model: b}]
parameters: {density: 0.5}
dtype: float32
tokenizer_source: union
"""
MIXTURE = """\
base_model: base
experts:
  - {source_model: a, positive_prompts: [one], noise_scale: 0.1}
  - {source_model: b, positive_prompts: [two]}
"""


def test_models_are_told_once_in_order() -> None:
    assert Recipe.from_yaml(TIES).models == ("base", "a", "b")
    assert Recipe.from_yaml(MIXTURE).models == ("base", "a", "b")


def test_the_seed_follows_from_the_form_alone() -> None:
    recipe = Recipe.from_yaml(TIES)
    elsewhere = recipe.with_models({"a": "/models/a", "base": "org/base"})
    assert elsewhere.models == ("org/base", "/models/a", "b")
    assert elsewhere.recipe_id != recipe.recipe_id
    heavier = Recipe.from_yaml(TIES.replace("weight: 0.5", "weight: 0.6"))
    assert recipe.seed == elsewhere.seed == heavier.seed == 173257407
    assert Recipe.from_yaml(TIES.replace("{model: b}", "{model: b, parameters: {}}")).seed != (
        recipe.seed
    )


def test_what_it_sets() -> None:
    recipe, mixture = Recipe.from_yaml(TIES), Recipe.from_yaml(MIXTURE)
    assert recipe.sets("rescale") and recipe.sets("density") and not recipe.sets("noise_scale")
    assert mixture.sets("noise_scale") and not mixture.sets("weight")
    assert (recipe.is_mixture, recipe.method) == (False, "dare_ties")
    assert (mixture.is_mixture, mixture.method) == (True, "moe")


def test_yaml_is_in_mergekit_s_order_and_comes_back() -> None:
    recipe = Recipe.from_yaml(TIES)
    assert list(yaml.safe_load(recipe.to_yaml())) == [
        "merge_method",
        "base_model",
        "models",
        "parameters",
        "dtype",
        "tokenizer_source",
    ]
    assert Recipe.from_yaml(recipe.to_yaml()) == recipe


def test_ids_are_the_same_in_another_process() -> None:
    recipe = Recipe.from_yaml(TIES)
    code = (
        "import sys; from evomerge.recipe.recipe import Recipe;"
        "r = Recipe.from_yaml(sys.stdin.read()); print(r.recipe_id, r.seed)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=recipe.to_yaml(),
        env={"PYTHONHASHSEED": "17", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [recipe.recipe_id, str(recipe.seed)]


def test_a_recipe_s_id_is_pinned() -> None:
    recipe = Recipe.from_yaml("merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]")
    assert recipe.recipe_id == "92e3ae3623e0"
