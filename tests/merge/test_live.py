"""One live model, many recipes: always what transformers would load from mergekit's folder."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from transformers import PreTrainedModel

from evomerge.merge.disk import merge_to_disk
from evomerge.merge.live import LiveModels
from evomerge.merge.memory import InMemory
from evomerge.recipe.recipe import Recipe

SameModel = Callable[[PreTrainedModel, Path], None]


def test_one_model_takes_recipe_after_recipe(
    locations: dict[str, str],
    cache: Path,
    make: SimpleNamespace,
    tmp_path: Path,
    same_model: SameModel,
) -> None:
    merger, live = InMemory(locations, cache), LiveModels()
    deep = make.stack(("a", 0, 3), ("b", 1, 4))
    shallow = make.stack(("a", 0, 1), ("b", 3, 4))
    linear = make.weighted("linear")
    documents = [
        linear,
        make.weighted("linear", [0.1, 0.9]),
        deep,
        make.weighted("ties", base_model="base"),
        shallow,
        make.stack(("c", 0, 3), ("b", 1, 4)),
        linear | {"dtype": "bfloat16"},
        linear,
    ]
    models = []
    for number, document in enumerate(documents):
        recipe = Recipe.from_document(document)
        models.append(live.place(merger.weights(recipe)))
        out = merge_to_disk(recipe, locations, tmp_path / str(number), cache)
        same_model(models[-1], out)
    assert models[0] is models[1] is models[3]
    assert models[2] is not models[0]
    assert len(live) == 2


def test_slots_that_were_taken_in_vain_go_with_their_model(
    locations: dict[str, str], cache: Path, make: SimpleNamespace
) -> None:
    live, recipe = LiveModels(), Recipe.from_document(make.weighted("linear"))
    weights = InMemory(locations, cache).weights(recipe)
    for _ in range(2):
        with live.slots(recipe.form) as slots:
            model = live.place(weights)
    assert not slots
    for take in (False, True):
        with pytest.raises(KeyboardInterrupt), live.slots(recipe.form) as slots:
            assert slots.keys() == model.state_dict().keys()
            if take:
                slots["model.norm.weight"].zero_()
            raise KeyboardInterrupt
        assert len(live) == (0 if take else 1)
    with live.slots(recipe.form) as slots:
        assert not slots


def test_bfloat16_parents_without_a_dtype_in_the_recipe(
    locations: dict[str, str],
    cache: Path,
    tmp_path: Path,
    check_equal: Callable[..., Any],
    make: Any,
) -> None:
    for name in "ab":
        model = transformers.AutoModelForCausalLM.from_pretrained(
            locations[name], dtype=torch.bfloat16
        )
        model.save_pretrained(tmp_path / name)
        shutil.copy(Path(locations[name]) / "tokenizer.json", tmp_path / name)
        shutil.copy(Path(locations[name]) / "tokenizer_config.json", tmp_path / name)
    where = {name: str(tmp_path / name) for name in "ab"}
    document = make.weighted("linear", models="ab")
    del document["dtype"]
    merged, _ = check_equal(document, where)
    assert LiveModels().place(merged).dtype == torch.bfloat16


def test_shards_and_pickles_are_read(
    locations: dict[str, str],
    cache: Path,
    tmp_path: Path,
    check_equal: Callable[..., Any],
    make: Any,
) -> None:
    model = transformers.AutoModelForCausalLM.from_pretrained(locations["a"])
    shutil.copytree(locations["a"], tmp_path / "a")
    (tmp_path / "a" / "model.safetensors").unlink()
    model.save_pretrained(tmp_path / "a", max_shard_size="40KB")
    shutil.copytree(locations["b"], tmp_path / "b")
    weights = tmp_path / "b" / "model.safetensors"
    from safetensors.torch import load_file

    torch.save(load_file(weights), tmp_path / "b" / "pytorch_model.bin")
    weights.unlink()
    assert len(list((tmp_path / "a").glob("*.safetensors"))) > 2
    where = {name: str(tmp_path / name) for name in "ab"}
    check_equal(make.weighted("linear", models="ab"), where)
