"""mergekit's configuration of a recipe: order of models, options, layers."""

from types import SimpleNamespace

import pytest

from evomerge.errors import Failure, TrialError
from evomerge.merge.mergekit.configuration import configuration, locate, options
from evomerge.recipe.recipe import Recipe


def test_models_come_in_the_order_of_the_document(make: SimpleNamespace) -> None:
    for names in ("abc", "cba", "bca"):
        config = configuration(Recipe.from_document(make.weighted("linear", models=names)))
        assert [str(model) for model in config.referenced_models()] == list(names)
    based = make.weighted("ties", models="abc", base_model="c")
    config = configuration(Recipe.from_document(based))
    assert [str(model) for model in config.referenced_models()] == ["c", "a", "b"]
    stacked = configuration(Recipe.from_document(make.stack(("b", 0, 1), ("a", 1, 2))))
    assert [str(model) for model in stacked.referenced_models()] == ["b", "a"]


def test_options_follow_the_recipe(make: SimpleNamespace) -> None:
    recipe = Recipe.from_document(make.document("della", "plain"))
    settings = options(recipe, "cache")
    assert (settings.random_seed, settings.num_threads) == (recipe.seed, 1)
    assert options(Recipe.from_document(make.weighted("linear")), "cache").num_threads is None
    assert options(recipe, "cache", "cuda").low_cpu_memory


def test_models_that_mergekit_would_drop_are_refused(make: SimpleNamespace) -> None:
    document = make.stack(("a", 0, 1), ("b", 1, 2)) | {"merge_method": "linear"}
    document["slices"][1]["sources"].append({"model": "c", "layer_range": [1, 2]})
    with pytest.raises(TrialError, match="would drop some") as caught:
        configuration(Recipe.from_document(document))
    assert caught.value.failure is Failure.INVALID_RECIPE


def test_every_model_has_a_place(make: SimpleNamespace) -> None:
    recipe = Recipe.from_document(make.weighted("linear", models=("a", "zoo://x/y")))
    with pytest.raises(TrialError, match="no location for model zoo://x/y"):
        locate(recipe, {"a": "/a"})
    assert locate(recipe, {"a": "/a", "zoo://x/y": "/y"}).models == ("/a", "/y")
