"""Parents that cannot be merged with each other are told apart."""

import shutil
from collections.abc import Callable
from pathlib import Path

from evomerge.errors import InputError
from evomerge.merge.models.compatibility import check_parents

Sibling = Callable[..., str]
Complaint = Callable[..., InputError]


def test_parents_of_different_shape(
    locations: dict[str, str], sibling: Sibling, complaint: Complaint
) -> None:
    wide = {"a": locations["a"], "wide": sibling("wide", intermediate_size=96)}
    text = str(complaint(wide))
    assert text.startswith("a and wide: different shapes, model.layers.0.mlp.")
    assert "[64, 32] and [96, 32]" in text or "[32, 64] and [32, 96]" in text


def test_depths_may_differ_with_slices_only(
    locations: dict[str, str], sibling: Sibling, complaint: Complaint
) -> None:
    deep = {"a": locations["a"], "deep": sibling("deep", num_hidden_layers=6)}
    assert "different depths, 4 and 6 layers" in str(complaint(deep))
    assert check_parents(deep, slices=True)["deep"].layers == 6


def test_vocabularies_may_differ_with_own_tokenizers_only(
    locations: dict[str, str], sibling: Sibling, complaint: Complaint
) -> None:
    large = {"a": locations["a"], "large": sibling("large", vocab_size=40)}
    text = str(complaint(large))
    assert "different vocabularies, 31 and 40 tokens" in text
    assert len(text.splitlines()) == 1
    check_parents(large, own_tokenizers=True)


def test_different_architectures(
    locations: dict[str, str], tmp_path: Path, complaint: Complaint
) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    GPT2LMHeadModel(GPT2Config(vocab_size=31, n_embd=32, n_layer=4, n_head=4)).save_pretrained(
        tmp_path
    )
    shutil.copy(Path(locations["a"]) / "tokenizer.json", tmp_path)
    error = complaint({"a": locations["a"], "gpt": str(tmp_path)})
    assert "different architectures, LlamaForCausalLM and GPT2LMHeadModel" in str(error)
