"""Parents stay in memory, mapped once."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from mergekit.common import ModelReference
from mergekit.io.tasks import LoaderCache

from evomerge.merge.merger import Merger
from evomerge.recipe.recipe import Recipe


def test_parents_are_mapped_once(
    locations: dict[str, str], cache: Path, make: SimpleNamespace
) -> None:
    recipe = Recipe.from_document(make.weighted("linear"))
    Merger(locations, cache).merge(recipe)
    key = ModelReference.model_validate(locations["a"])
    first = LoaderCache().loaders[key]
    Merger(locations, cache).merge(recipe)
    assert LoaderCache().loaders[key] is first
    one, two = (first.get_tensor("model.norm.weight") for _ in range(2))
    assert one.data_ptr() == two.data_ptr()
    assert first.get_tensor("nothing", raise_on_missing=False) is None
    with pytest.raises(KeyError):
        first.get_tensor("nothing")
