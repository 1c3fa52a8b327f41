"""Mixtures of experts: in memory, on disk and by mergekit-moe the same model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from evomerge.errors import Failure, TrialError
from evomerge.merge.disk import merge_to_disk
from evomerge.merge.export import export_yaml
from evomerge.merge.live import LiveModels
from evomerge.merge.memory import InMemory
from evomerge.merge.merger import Merger
from evomerge.recipe.recipe import Recipe

GATES: dict[str, dict[str, Any]] = {
    "hidden": {"gate_mode": "hidden"},
    "hidden_avg": {"gate_mode": "hidden_avg", "experts_per_token": 1},
    "cheap_embed": {"gate_mode": "cheap_embed"},
    "random": {"gate_mode": "random"},
    "uniform_random": {"gate_mode": "uniform_random", "dtype": "bfloat16"},
}


@pytest.fixture(scope="module", params=["Llama", pytest.param("Qwen3", marks=pytest.mark.slow)])
def siblings(
    request: pytest.FixtureRequest,
    family: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """`base`, `a`, `b`, `c` of a family that becomes a Mixtral, and of one that becomes Qwen3."""
    if request.param == "Llama":
        return {name: str(path) for name, path in family.items()}
    config = transformers.Qwen3Config.from_pretrained(
        family["base"], head_dim=8, tie_word_embeddings=False
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(family["base"])
    torch.manual_seed(0)
    where = {}
    for name in ("base", "a", "b", "c"):
        folder = tmp_path_factory.mktemp("qwen3") / name
        transformers.Qwen3ForCausalLM(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        where[name] = str(folder)
    return where


def mixture(**settings: Any) -> dict[str, Any]:
    prompts = {"a": ["abc"], "b": ["xyz", "zyx"], "c": ["mno"]}
    experts: list[dict[str, Any]] = [
        {"source_model": name, "positive_prompts": texts} for name, texts in prompts.items()
    ]
    experts[0]["negative_prompts"] = ["qqq"]
    return {"base_model": "base", "experts": experts, "dtype": "float32"} | settings


@pytest.mark.parametrize("gate", GATES)
def test_equals_mergekit_moe_bit_for_bit(
    gate: str,
    siblings: dict[str, str],
    cache: Path,
    tmp_path: Path,
    same_tensors: Callable[..., None],
    same_model: Callable[..., None],
    run_exported: Callable[[str, Path], Path],
) -> None:
    recipe = Recipe.from_document(mixture(**GATES[gate]))
    merger = InMemory(siblings, cache)
    merged = merger.weights(recipe)
    theirs = run_exported(export_yaml(recipe, siblings, lora_cache=cache), tmp_path / "theirs")
    same_tensors(merged, theirs)
    ours = merge_to_disk(recipe, siblings, tmp_path / "ours", cache)
    same_tensors(merged, ours)
    same_model(LiveModels().place(merged), theirs)
    assert {p.name for p in theirs.iterdir()} <= {p.name for p in ours.iterdir()}
    tokenizer = transformers.AutoTokenizer.from_pretrained(theirs)
    assert merger.tokenizer(recipe).padding_side == tokenizer.padding_side
    assert merger.tokenizer(recipe)("abc").input_ids == tokenizer("abc").input_ids


def test_noise_and_scale_follow_the_recipe(
    siblings: dict[str, str],
    cache: Path,
    tmp_path: Path,
    same_tensors: Callable[..., None],
    run_exported: Callable[[str, Path], Path],
) -> None:
    document = mixture()
    document["experts"][1] |= {"noise_scale": 0.01, "residual_scale": 0.5}
    recipe, plain = Recipe.from_document(document), Recipe.from_document(mixture())
    merger = InMemory(siblings, cache)
    merged = merger.weights(recipe)
    folder = run_exported(export_yaml(recipe, siblings), tmp_path / "theirs")
    same_tensors(merged, folder)
    other = merger.weights(plain).tensors
    assert any(not torch.equal(merged.tensors[name], other[name]) for name in other)


def test_failures_have_names(siblings: dict[str, str], cache: Path, adapter: Path) -> None:
    where = siblings | {"tuned": f"{siblings['base']}+{adapter}"}
    merger = Merger(siblings, cache)
    for document, words in (
        (mixture(experts_per_token=9), "no architecture"),
        (mixture(architecture="phixtral"), "no architecture"),
        (mixture(experts=[{"source": "a"}]), "source_model"),
    ):
        with pytest.raises(TrialError) as caught:
            merger.merge(Recipe.from_document(document))
        assert caught.value.failure is Failure.INVALID_RECIPE
        assert words in str(caught.value)
    if "qwen3" in siblings["base"]:
        return
    document = mixture()
    document["experts"][0]["source_model"] = "tuned"
    with pytest.raises(TrialError, match="an adapter cannot be an expert"):
        Merger(where, cache).merge(Recipe.from_document(document))
