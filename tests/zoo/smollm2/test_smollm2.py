"""The family's models: a base, and adapters that fit it. Unpacking the base needs 93 MB."""

import subprocess
import sys
from pathlib import Path

import pytest

from evomerge import zoo
from evomerge.zoo.smollm2 import FAMILY
from evomerge.zoo.smollm2.build import ADAPTERS
from evomerge.zoo.smollm2.experts import EXPERTS
from evomerge.zoo.smollm2.questions import SETS


def test_every_expert_has_questions() -> None:
    assert set(EXPERTS) <= set(SETS)
    assert FAMILY.models == ("base", *EXPERTS)


@pytest.mark.parametrize("expert", EXPERTS)
def test_an_expert_is_the_base_and_an_adapter(expert: str) -> None:
    base = zoo.locate("zoo://smollm2/base")
    found, _, adapter = zoo.locate(f"zoo://smollm2/{expert}").partition("+")
    assert found == base
    assert Path(adapter).name == expert


def test_looking_a_model_up_loads_no_torch() -> None:
    code = (
        "import sys; from evomerge import zoo; zoo.locate('zoo://smollm2/base'); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("expert", EXPERTS)
def test_adapter_fits_the_base(expert: str) -> None:
    import torch
    from peft import PeftModel
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_default_device("meta")
    try:
        base = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=8,
                hidden_size=576,
                intermediate_size=1536,
                num_hidden_layers=30,
                num_attention_heads=9,
                num_key_value_heads=3,
                tie_word_embeddings=True,
            )
        )
    finally:
        torch.set_default_device(None)
    base.to_empty(device="cpu")
    tuned = PeftModel.from_pretrained(base, ADAPTERS / expert)
    learned = [weight for name, weight in tuned.named_parameters() if "lora_B" in name]
    assert len(learned) == 30 * 4
    assert all(weight.isfinite().all() and weight.any() for weight in learned)
