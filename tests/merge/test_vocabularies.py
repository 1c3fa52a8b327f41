"""Parents with different vocabularies: in memory as mergekit merges them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer, LlamaForCausalLM

from evomerge.merge.weights import Weights

Check = Callable[..., tuple[Weights, Path]]
RULES: dict[str, dict[str, Any]] = {
    "union": {"tokenizer_source": "union"},
    "base": {"tokenizer_source": "base"},
    "a model's": {"tokenizer_source": "wide"},
    "union, padded": {"tokenizer": {"source": "union", "pad_to_multiple_of": 8}},
    "a token from one model": {
        "tokenizer": {"source": "union", "tokens": {"!": {"source": "wide", "force": True}}}
    },
}


@pytest.fixture(scope="module")
def where(family: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """`a`, and `wide`, which has two tokens more."""
    wide = tmp_path_factory.mktemp("wide")
    shutil.copytree(family["b"], wide, dirs_exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(wide)
    tokenizer.add_tokens(["!", "?"])
    model = LlamaForCausalLM.from_pretrained(wide)
    torch.manual_seed(0)
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    model.save_pretrained(wide)
    tokenizer.save_pretrained(wide)
    return {"a": str(family["a"]), "wide": str(wide), "base": str(family["base"])}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("method", ["ties", pytest.param("linear", marks=pytest.mark.slow)])
def test_equals_mergekit_bit_for_bit(
    method: str, rule: str, where: dict[str, str], make: SimpleNamespace, check_equal: Check
) -> None:
    document = make.weighted(method, models=("a", "wide"), base_model="base", **RULES[rule])
    if method == "linear":
        document["models"].append({"model": "base", "parameters": {"weight": 0.2}})
    merged, folder = check_equal(document, where)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = merged.tensors["model.embed_tokens.weight"].shape[0]
    wanted = {"union, padded": 40, "base": 31}.get(rule, 33)
    assert rows == wanted
    assert ("!" in tokenizer.get_vocab()) == (rule != "base")
