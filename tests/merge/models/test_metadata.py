"""What one parent's files say, all that is wrong with them at once."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM

from evomerge.errors import InputError
from evomerge.merge.models.compatibility import check_parents

Sibling = Callable[..., str]
Complaint = Callable[..., InputError]


def test_good_parents_give_their_metadata_quickly(locations: dict[str, str]) -> None:
    check_parents(locations)
    start = time.perf_counter()
    parents = check_parents(locations)
    assert time.perf_counter() - start < 1
    assert list(parents) == list(locations)
    base = parents["base"]
    assert (base.architecture, base.layers, base.vocab_size) == ("LlamaForCausalLM", 4, 31)
    model = AutoModelForCausalLM.from_pretrained(locations["base"])
    assert base.parameters == model.num_parameters()
    assert base.dtype == "F32"


def test_everything_is_said_at_once(
    locations: dict[str, str], sibling: Sibling, complaint: Complaint
) -> None:
    one, two = sibling("one"), sibling("two")
    (Path(one) / "config.json").unlink()
    (Path(one) / "tokenizer.json").unlink()
    (Path(two) / "model.safetensors").unlink()
    lines = str(complaint(locations | {"one": one, "two": two})).splitlines()
    assert len(lines) == 3
    assert "no config.json" in lines[0] and "no tokenizer" in lines[1]
    assert "no model.safetensors, pytorch_model.bin" in lines[2]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"architectures": ["BertModel"]}, "got BertModel"),
        ({"architectures": None}, "got none"),
        ({"model_type": "nonsense"}, "transformers cannot read it"),
    ],
)
def test_no_causal_language_model(
    values: dict[str, Any], words: str, sibling: Sibling, complaint: Complaint
) -> None:
    file = Path(sibling("odd")) / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))
    assert words in str(complaint({"x": str(file.parent)}))
    file.write_text("{")
    assert "cannot be read" in str(complaint({"x": str(file.parent)}))


def test_adapters(
    locations: dict[str, str], adapter: Path, sibling: Sibling, complaint: Complaint
) -> None:
    good = f"{locations['base']}+{adapter}"
    assert check_parents({"x": good})["x"].files.adapter == adapter
    bad = complaint({"x": f"{sibling('wide', hidden_size=48, head_dim=8)}+{adapter}"})
    assert "the adapter does not fit its model: model.layers.0." in str(bad)
    assert "write MODEL+ADAPTER" in str(complaint({"x": str(adapter)}))
    assert "no adapter_config.json" in str(complaint({"x": f"{locations['a']}+{locations['b']}"}))
