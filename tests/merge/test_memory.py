"""Weights made in memory: the same every time, and nothing else is touched."""

import gc
import random
import shutil
import weakref
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from evomerge.errors import TrialError
from evomerge.merge.memory import InMemory
from evomerge.methods.table import MERGEKIT
from evomerge.recipe.recipe import Recipe

METHODS = tuple(MERGEKIT)


@pytest.mark.parametrize("method", [m for m in METHODS if m != "passthrough"])
def test_only_random_methods_depend_on_the_seed(
    method: str,
    locations: dict[str, str],
    cache: Path,
    make: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = Recipe.from_document(make.document(method, "plain"))
    merger = InMemory(locations, cache)
    one = merger.weights(recipe).tensors
    again = merger.weights(recipe).tensors
    assert all(torch.equal(one[name], again[name]) for name in one)
    monkeypatch.setattr(Recipe, "seed", 1)
    other = merger.weights(recipe).tensors
    differs = any(not torch.equal(one[name], other[name]) for name in one)
    small = method == "arcee_fusion"  # draws from tensors of over a million numbers only
    assert differs == (MERGEKIT[method].traits.draws and not small)


@pytest.fixture(scope="module")
def large(family: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Three siblings whose tensors are large enough for torch to share them among threads."""
    from transformers import LlamaConfig, LlamaForCausalLM

    sizes = {"vocab_size": 12_288, "hidden_size": 256, "head_dim": 32, "num_hidden_layers": 1}
    config = LlamaConfig.from_pretrained(family["base"], **sizes)
    where = {}
    for name in ("root", "a", "b", "c"):
        folder = tmp_path_factory.mktemp(name)
        LlamaForCausalLM(config).save_pretrained(folder)
        where[name] = str(folder)
    return where


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(m, marks=() if m in ("linear", "dare_ties") else pytest.mark.slow)
        for m in METHODS
        if m != "passthrough"
    ],
)
def test_the_number_of_threads_changes_nothing(
    method: str, large: dict[str, str], cache: Path, make: SimpleNamespace
) -> None:
    document = make.document(method, "plain")
    kept = document["models"][: 3 if method == "model_stock" else 2]
    document["models"] = [entry | {"model": "abc"[i]} for i, entry in enumerate(kept)]
    if document.get("base_model") == "base":
        document["base_model"] = "root"
    recipe = Recipe.from_document(document)
    before = torch.get_num_threads()
    try:
        results = []
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            results.append(InMemory(large, cache).weights(recipe).tensors)
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(results[0][name], other[name]) for name in other)


def test_leaves_random_state_and_parents_alone(
    locations: dict[str, str], cache: Path, make: SimpleNamespace, family: dict[str, Path]
) -> None:
    merger = InMemory(locations, cache)
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    for method in METHODS:
        merger.weights(Recipe.from_document(make.document(method, "plain")))
    after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    assert states == after
    for name in ("a", "b", "c", "base"):
        alone = {"merge_method": "passthrough", "models": [{"model": name}]}
        kept = merger.weights(Recipe.from_document(alone)).tensors
        disk = load_file(family[name] / "model.safetensors")
        assert all(torch.equal(kept[key], disk[key]) for key in disk)


def test_without_a_base_the_first_model_gives_config_and_tokenizer(
    locations: dict[str, str], cache: Path, make: SimpleNamespace, tmp_path: Path
) -> None:
    for name in "ab":
        shutil.copytree(locations[name], tmp_path / name)
    marked = (tmp_path / "b" / "generation_config.json").read_text()
    (tmp_path / "b" / "generation_config.json").write_text(
        marked.replace('"eos_token_id": 1', '"eos_token_id": 7')
    )
    where = {name: str(tmp_path / name) for name in "ab"}
    merger = InMemory(where, cache)
    for first, second in ("ab", "ba"):
        recipe = Recipe.from_document(make.weighted("linear", models=first + second))
        generation = merger.weights(recipe).generation
        assert generation is not None
        assert generation.eos_token_id == {"a": 1, "b": 7}[first]
        assert merger.tokenizer(recipe).name_or_path == str(tmp_path / first)


def test_a_replaced_parent_is_read_again(
    locations: dict[str, str], cache: Path, make: SimpleNamespace, tmp_path: Path
) -> None:
    shutil.copytree(locations["a"], tmp_path / "x")
    recipe = Recipe.from_document({"merge_method": "passthrough", "models": [{"model": "x"}]})
    merger = InMemory({"x": str(tmp_path / "x")}, cache)
    before = merger.weights(recipe).tensors["model.norm.weight"].clone()
    shutil.copy(locations["b"] + "/model.safetensors", tmp_path / "new")
    (tmp_path / "new").rename(tmp_path / "x" / "model.safetensors")
    after = merger.weights(recipe).tensors["model.norm.weight"]
    assert not torch.equal(before, after)


def test_what_was_converted_is_freed_with_the_cache(
    locations: dict[str, str], cache: Path, make: SimpleNamespace
) -> None:
    """A trial that ran out of memory is tried again in that state."""
    merger = InMemory(locations, cache)
    document = make.weighted("linear", 0.5, "ab") | {"dtype": "bfloat16"}
    merger.weights(Recipe.from_document(document))
    run = merger._runner.last
    assert run is not None
    converted = [weakref.ref(t) for made in run.made for t in made.step.inputs.tensors]
    del run
    merger.limit_cache(0)
    gc.collect()
    assert converted and not any(one() is not None for one in converted)
    with pytest.raises(TrialError):
        merger.parts()
