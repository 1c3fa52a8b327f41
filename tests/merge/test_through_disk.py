from pathlib import Path
from types import SimpleNamespace

import pytest

from evomerge.errors import PlatformError
from evomerge.merge.memory import InMemory
from evomerge.merge.through_disk import ThroughDisk
from evomerge.recipe.recipe import Recipe


@pytest.fixture
def recipe(make: SimpleNamespace) -> Recipe:
    return Recipe.from_document(make.weighted("dare_ties", base_model="base"))


def test_the_weights_are_those_made_in_memory(
    recipe: Recipe, locations: dict[str, str], in_memory: InMemory, tmp_path: Path
) -> None:
    weights, tokenizer = ThroughDisk(locations, tmp_path).make(recipe, {})
    ours, theirs = in_memory.weights(recipe).tensors, weights.tensors
    assert ours.keys() == theirs.keys()
    assert all(ours[name].equal(theirs[name]) for name in ours)
    assert tokenizer("abc").input_ids == in_memory.tokenizer(recipe)("abc").input_ids
    assert list(tmp_path.iterdir()) == []


def test_a_cache_in_which_nothing_can_be_made(locations: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlatformError, match="file/cache: cannot be made: Not a directory"):
        ThroughDisk(locations, tmp_path / "file" / "cache")


def test_a_full_cache(recipe: Recipe, locations: dict[str, str], tiny_disk: Path) -> None:
    with pytest.raises(PlatformError, match="the disk is full"):
        ThroughDisk(locations, tiny_disk).make(recipe, {})
    assert list(tiny_disk.iterdir()) == []
