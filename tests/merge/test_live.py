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

from evomerge.errors import Failure, TrialError
from evomerge.merge.disk import merge_to_disk
from evomerge.merge.live import LiveModel
from evomerge.merge.memory import MemoryMerger
from evomerge.space.recipe import Recipe

SameModel = Callable[[PreTrainedModel, Path], None]
SMALL: dict[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "bos_token_id": 2,
}
ARCHITECTURES: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt2": (
        "GPT2",
        {"vocab_size": 64, "n_embd": 32, "n_layer": 4, "n_head": 4, "n_positions": 64},
    ),
    "qwen2-tied": ("Qwen2", {**SMALL, "tie_word_embeddings": True}),
    "gemma3": (
        "Gemma3",
        {**SMALL, "head_dim": 8, "layer_types": ["sliding_attention"] * 3 + ["full_attention"]},
    ),
    "mixtral": ("Mixtral", {**SMALL, "num_local_experts": 4}),  # stored under other names
    "smollm3": ("SmolLM3", SMALL),  # mergekit infers this one's layout from its tensors
}


def test_one_model_takes_recipe_after_recipe(
    locations: dict[str, str],
    cache: Path,
    make: SimpleNamespace,
    tmp_path: Path,
    same_model: SameModel,
) -> None:
    merger, live = MemoryMerger(locations, cache), LiveModel()
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
        models.append(live.place(merger.merge(recipe)))
        out = merge_to_disk(recipe, locations, tmp_path / str(number), cache)
        same_model(models[-1], out)
    assert models[0] is models[1] is models[3]
    assert models[2] is not models[0]
    assert len(live._models) == 2


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_other_architectures(
    name: str,
    locations: dict[str, str],
    cache: Path,
    tmp_path: Path,
    same_model: SameModel,
    make: Any,
) -> None:
    stem, values = ARCHITECTURES[name]
    config_name = "Gemma3TextConfig" if stem == "Gemma3" else f"{stem}Config"
    class_name = "GPT2LMHeadModel" if stem == "GPT2" else f"{stem}ForCausalLM"
    config = getattr(transformers, config_name)(**values)
    where = {}
    for parent in "ab":
        getattr(transformers, class_name)(config).save_pretrained(tmp_path / parent)
        for file in Path(locations["a"]).glob("tokenizer*"):
            shutil.copy(file, tmp_path / parent)
        where[parent] = str(tmp_path / parent)
    merger, live = MemoryMerger(where, cache), LiveModel()
    for number, document in enumerate(
        [
            make.weighted("linear", [0.2, 0.9], models="ab"),
            make.stack(("a", 0, 3), ("b", 1, 4)),
            make.stack(("a", 0, 1), ("b", 3, 4)),
            make.weighted("linear", 0.5, models="ab"),
        ]
    ):
        recipe = Recipe.from_document(document)
        out = merge_to_disk(recipe, where, tmp_path / f"out{number}", cache)
        same_model(live.place(merger.merge(recipe)), out)


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
    assert LiveModel().place(merged).dtype == torch.bfloat16


def test_shards_and_pickles_are_read(
    locations: dict[str, str],
    cache: Path,
    tmp_path: Path,
    check_equal: Callable[..., Any],
    make: Any,
) -> None:
    model = transformers.AutoModelForCausalLM.from_pretrained(locations["a"])
    model.save_pretrained(tmp_path / "a", max_shard_size="40KB")
    shutil.copytree(locations["b"], tmp_path / "b")
    weights = tmp_path / "b" / "model.safetensors"
    from safetensors.torch import load_file

    torch.save(load_file(weights), tmp_path / "b" / "pytorch_model.bin")
    weights.unlink()
    assert len(list((tmp_path / "a").glob("*.safetensors"))) > 2
    where = {name: str(tmp_path / name) for name in "ab"}
    check_equal(make.weighted("linear", models="ab"), where)


def test_wrong_tensors_are_a_shape_mismatch(
    locations: dict[str, str], cache: Path, make: SimpleNamespace
) -> None:
    from dataclasses import replace

    merged = MemoryMerger(locations, cache).merge(Recipe.from_document(make.weighted("linear")))
    tensors = dict(merged.tensors)
    name = "model.layers.1.mlp.up_proj.weight"
    for changed in (
        {key: value for key, value in tensors.items() if key != name},
        tensors | {"extra.weight": tensors[name]},
        tensors | {name: tensors[name][:5]},
    ):
        with pytest.raises(TrialError) as caught:
            LiveModel().place(replace(merged, tensors=changed))
        assert caught.value.failure is Failure.SHAPE_MISMATCH
