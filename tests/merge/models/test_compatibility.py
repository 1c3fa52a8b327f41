"""Each way in which parents can be wrong gives its message, all of them at once."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from evomerge.errors import InputError
from evomerge.merge.models.compatibility import check_parents

Sibling = Callable[..., str]


@pytest.fixture
def sibling(family: dict[str, Path], tmp_path: Path) -> Sibling:
    """Make a copy of parent `a`, or a model with other config values, in a folder of that name."""

    def make(name: str, **values: Any) -> str:
        folder = tmp_path / name
        shutil.copytree(family["a"], folder)
        if values:
            config = LlamaConfig.from_pretrained(folder, **values)
            LlamaForCausalLM(config).save_pretrained(folder)
        return str(folder)

    return make


def complaint(locations: dict[str, str], **flags: bool) -> InputError:
    with pytest.raises(InputError) as caught:
        check_parents(locations, **flags)
    return caught.value


def test_good_parents_give_their_facts_quickly(locations: dict[str, str]) -> None:
    check_parents(locations)
    start = time.perf_counter()
    facts = check_parents(locations).models
    assert time.perf_counter() - start < 1
    assert list(facts) == list(locations)
    base = facts["base"]
    assert (base.architecture, base.layers, base.vocab_size) == ("LlamaForCausalLM", 4, 31)
    model = AutoModelForCausalLM.from_pretrained(locations["base"])
    assert base.parameters == model.num_parameters()
    assert base.dtype == "F32"


def test_a_missing_folder_names_its_nearest_neighbour(family: dict[str, Path]) -> None:
    error = complaint({"x": str(family["base"].parent / "bsae")})
    assert str(error).endswith(f"help: did you mean {family['base']}?")
    assert "no such folder" in str(error)


def test_everything_is_said_at_once(locations: dict[str, str], sibling: Sibling) -> None:
    one, two = sibling("one"), sibling("two")
    (Path(one) / "config.json").unlink()
    (Path(one) / "tokenizer.json").unlink()
    (Path(two) / "model.safetensors").unlink()
    lines = str(complaint(locations | {"one": one, "two": two})).splitlines()
    assert len(lines) == 3
    assert "no config.json" in lines[0] and "no tokenizer" in lines[1]
    assert "no model.safetensors, pytorch_model.bin" in lines[2]


def test_truncated_weights(sibling: Sibling) -> None:
    folder = sibling("cut")
    file = Path(folder) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    assert "truncated" in str(complaint({"x": folder}))
    file.write_bytes(b"short")
    assert "its header cannot be read" in str(complaint({"x": folder}))
    file.write_bytes(b"\xff" * 200)
    assert "its header claims" in str(complaint({"x": folder}))
    file.write_bytes((10).to_bytes(8, "little") + b"not json!!" + b"0" * 50)
    assert "its header cannot be read" in str(complaint({"x": folder}))


def test_a_missing_shard(sibling: Sibling) -> None:
    folder = Path(sibling("sharded"))
    model = LlamaForCausalLM.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="40KB")
    check_parents({"x": str(folder)})
    lost = sorted(folder.glob("*.safetensors"))[1]
    lost.unlink()
    assert f"names {lost.name}, which is missing" in str(complaint({"x": str(folder)}))


def test_a_tensor_that_mergekit_needs_is_missing(sibling: Sibling) -> None:
    file = Path(sibling("less")) / "model.safetensors"
    tensors = load_file(file)
    del tensors["model.layers.2.mlp.up_proj.weight"]
    save_file(tensors, file, metadata={"format": "pt"})
    error = complaint({"x": str(file.parent)})
    assert "mergekit wants model.layers.2.mlp.up_proj.weight of LlamaForCausalLM" in str(error)


def test_a_broken_pickle(sibling: Sibling) -> None:
    folder = Path(sibling("pickle"))
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    check_parents({"x": str(folder)})
    (folder / "pytorch_model.bin").write_bytes(b"nothing")
    assert "no torch archive" in str(complaint({"x": str(folder)}))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"architectures": ["BertModel"]}, "got BertModel"),
        ({"architectures": None}, "got none"),
        ({"model_type": "nonsense"}, "transformers cannot read it"),
    ],
)
def test_no_causal_language_model(values: dict[str, Any], words: str, sibling: Sibling) -> None:
    file = Path(sibling("odd")) / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))
    assert words in str(complaint({"x": str(file.parent)}))
    file.write_text("{")
    assert "cannot be read" in str(complaint({"x": str(file.parent)}))


def test_parents_of_different_shape(locations: dict[str, str], sibling: Sibling) -> None:
    wide = {"a": locations["a"], "wide": sibling("wide", intermediate_size=96)}
    text = str(complaint(wide))
    assert text.startswith("a and wide: different shapes, model.layers.0.mlp.")
    assert "[64, 32] and [96, 32]" in text or "[32, 64] and [32, 96]" in text


def test_depths_may_differ_with_slices_only(locations: dict[str, str], sibling: Sibling) -> None:
    deep = {"a": locations["a"], "deep": sibling("deep", num_hidden_layers=6)}
    assert "different depths, 4 and 6 layers" in str(complaint(deep))
    assert check_parents(deep, slices=True).models["deep"].layers == 6


def test_vocabularies_may_differ_with_own_tokenizers_only(
    locations: dict[str, str], sibling: Sibling
) -> None:
    large = {"a": locations["a"], "large": sibling("large", vocab_size=40)}
    text = str(complaint(large))
    assert "different vocabularies, 31 and 40 tokens" in text
    assert len(text.splitlines()) == 1
    check_parents(large, own_tokenizers=True)


def test_different_architectures(locations: dict[str, str], tmp_path: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    GPT2LMHeadModel(GPT2Config(vocab_size=31, n_embd=32, n_layer=4, n_head=4)).save_pretrained(
        tmp_path
    )
    shutil.copy(Path(locations["a"]) / "tokenizer.json", tmp_path)
    error = complaint({"a": locations["a"], "gpt": str(tmp_path)})
    assert "different architectures, LlamaForCausalLM and GPT2LMHeadModel" in str(error)


def test_a_hub_model_that_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    error = complaint({"x": "nobody/no-such-model"})
    assert "not in the local cache and HF_HUB_OFFLINE is set" in str(error)
    assert "hf download nobody/no-such-model" in str(error)


def test_paths_that_mergekit_would_split(sibling: Sibling, tmp_path: Path) -> None:
    for name in ("a+b", "a@b"):
        assert "reads + as model+adapter" in str(complaint({"x": sibling(name)}))


def test_adapters(locations: dict[str, str], adapter: Path, sibling: Sibling) -> None:
    good = f"{locations['base']}+{adapter}"
    assert check_parents({"x": good}).models["x"].files.adapter == adapter
    bad = complaint({"x": f"{sibling('wide', hidden_size=48, head_dim=8)}+{adapter}"})
    assert "the adapter does not fit its model: model.layers.0." in str(bad)
    assert "write MODEL+ADAPTER" in str(complaint({"x": str(adapter)}))
    assert "no adapter_config.json" in str(complaint({"x": f"{locations['a']}+{locations['b']}"}))
