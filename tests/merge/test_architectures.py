"""Architectures beyond LLaMA: random small models go through merging, placing and stacking."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file

from evomerge.errors import InputError
from evomerge.merge.disk import merge_to_disk
from evomerge.merge.memory import InMemory
from evomerge.merge.merger import Merger
from evomerge.merge.models.compatibility import check_parents
from evomerge.preflight.locating import locations
from evomerge.preflight.outlines import unfolded
from evomerge.recipe.recipe import Recipe
from evomerge.space.reading.load import read_document

COMMON = {
    "vocab_size": 31,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "bos_token_id": None,
    "dtype": "float32",
}
CONFIGS: dict[str, dict[str, Any]] = {
    "GPT2Config": {"n_embd": 32, "n_layer": 4, "n_head": 4, "n_positions": 64},
    "OPTConfig": {"ffn_dim": 48, "word_embed_proj_dim": 32},
    "LlamaConfig": {},
    "MistralConfig": {},
    "Qwen2Config": {
        "use_sliding_window": True,
        "max_window_layers": 2,
        "sliding_window": 8,
        "tie_word_embeddings": True,
    },
    "Qwen3Config": {},
    "Gemma2Config": {"query_pre_attn_scalar": 8, "sliding_window": 8},
    "Gemma3TextConfig": {"query_pre_attn_scalar": 8, "sliding_window": 8},
    "Olmo2Config": {},
    "SmolLM3Config": {"no_rope_layers": [1, 1, 1, 0]},
    "GraniteConfig": {},
    "MixtralConfig": {"num_local_experts": 2, "num_experts_per_tok": 1},
    "Phi3Config": {},
}


QUICK = ("GPT2Config", "Qwen2Config")
"""Far from LLaMA, and what is tied and windowed; the others are slow."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in CONFIGS
    ],
    ids=[name.removesuffix("Config") for name in CONFIGS],
)
def siblings(
    request: pytest.FixtureRequest,
    family: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, str]:
    """`base`, `a`, `b` of one architecture, with random weights and the family's tokenizer."""
    kind = getattr(transformers, request.param)
    config = kind(**COMMON | CONFIGS[request.param])
    tokenizer = transformers.AutoTokenizer.from_pretrained(family["base"])
    auto = transformers.AutoModelForCausalLM
    torch.manual_seed(0)
    where = {}
    for name in ("base", "a", "b"):
        folder = tmp_path_factory.mktemp(request.param) / name
        model = auto.from_config(config)
        for weight in model.parameters():  # also those that begin at 0 or 1
            weight.data += 0.02 * torch.randn_like(weight)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        where[name] = str(folder)
    return where


@pytest.mark.parametrize("method", ["linear", "ties"])
def test_merges_as_mergekit_does(
    siblings: dict[str, str],
    method: str,
    make: SimpleNamespace,
    check_equal: Callable[..., object],
) -> None:
    check_parents(siblings)
    base = {"base_model": "base"} if method == "ties" else {}
    check_equal(make.weighted(method, models="ab", **base), siblings)


def test_a_value_for_every_tensor_merges_as_mergekit_does(
    siblings: dict[str, str], check_equal: Callable[..., object]
) -> None:
    weight = {"weight": {"float": [0, 1], "tensors": "each"}}
    space = read_document(
        {
            "recipes": [
                {
                    "merge_method": "task_arithmetic",
                    "base_model": siblings["base"],
                    "models": [
                        {"model": siblings["a"], "parameters": weight},
                        {"model": siblings["b"], "parameters": {"weight": 0.3}},
                    ],
                }
            ],
            "evaluate": {"tasks": [{"task": "toy", "metric": "acc"}]},
        },
        Path("/spaces/space.yaml"),
    )
    space = unfolded(space, locations(space))
    names = [p.name for p in space.parameters()]
    values = {name: (index + 0.5) / len(names) for index, name in enumerate(names)}
    recipe = space.recipe(values).with_models({folder: name for name, folder in siblings.items()})
    check_equal(recipe.document, siblings)
    merged = InMemory(siblings, Path(siblings["a"]).parent).weights(recipe).tensors
    stored = {model: load_file(f"{folder}/model.safetensors") for model, folder in siblings.items()}
    assert len(names) == len(merged)
    own = []
    for name in merged.keys() & stored["base"].keys():  # the others are stored expert by expert
        base, a, b = (stored[model][name] for model in ("base", "a", "b"))
        shares = (merged[name] - base - 0.3 * (b - base)) / (a - base)
        own.append(float(shares[(a - base).abs() > 1e-2].median()))
    nearest = [min(values.values(), key=lambda value: abs(value - share)) for share in own]
    assert own == pytest.approx(nearest, abs=1e-3)
    assert len({*nearest}) == len(own)


def test_a_stack_of_another_depth_is_the_model_of_its_folder(
    siblings: dict[str, str],
    make: SimpleNamespace,
    cache: Path,
    tmp_path: Path,
    same_tensors: Callable[..., None],
    same_model: Callable[..., None],
) -> None:
    recipe = Recipe.from_document(make.stack(("a", 0, 3), ("b", 1, 4), ("a", 3, 4)))
    merger = Merger(siblings, cache)
    merged = InMemory(siblings, cache).weights(recipe)
    folder = merge_to_disk(recipe, siblings, tmp_path / "deep", cache)
    same_tensors(merged, folder)
    same_model(merger.merge(recipe).model, folder)
    assert [n for n in merged.tensors if ".6." in n]
    assert not [n for n in merged.tensors if ".7." in n]
    shallow = Recipe.from_document(make.stack(("a", 0, 1), ("b", 3, 4)))
    folder = merge_to_disk(shallow, siblings, tmp_path / "shallow", cache)
    same_model(merger.merge(shallow).model, folder)


REFUSED = {
    "GPTNeoXConfig": ({}, "mergekit wants gpt_neox.layers.0.attention.bias"),
    "Phi3Config": ({"tie_word_embeddings": True}, "mergekit wants lm_head.weight"),
    "CohereConfig": ({}, "mergekit wants model.layers.0.self_attn.q_norm.weight"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_mergekit_cannot_merge_is_refused_before_the_first_trial(
    name: str, family: dict[str, Path], tmp_path: Path
) -> None:
    extra, message = REFUSED[name]
    config = getattr(transformers, name)(**COMMON | extra)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    transformers.AutoTokenizer.from_pretrained(family["base"]).save_pretrained(tmp_path)
    with pytest.raises(InputError, match=message):
        check_parents({"a": str(tmp_path)})
