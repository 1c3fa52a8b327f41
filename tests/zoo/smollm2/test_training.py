"""Training lowers the loss, and writes an adapter that peft and mergekit can use."""

import json
from pathlib import Path

from peft import PeftModel
from transformers import AutoModelForCausalLM

from evomerge.zoo.smollm2.experts import Training
from evomerge.zoo.smollm2.questions import Question
from evomerge.zoo.smollm2.training import BASE_NAME, train

QUESTIONS = [
    Question("is it a or b", ("a", "bb"), 0, "first"),
    Question("spell cat", ("dog", "catcat", "cat"), 2, "second"),
    Question("x", ("long answer", "y"), 1, "third"),
]


def test_training_lowers_the_loss_and_writes_an_adapter(
    family: dict[str, Path], tmp_path: Path
) -> None:
    losses: list[float] = []
    train(
        family["base"],
        QUESTIONS,
        Training(steps=40, batch=3, rate=1e-2),
        tmp_path / "adapter",
        lambda step, loss, right: losses.append(loss),
    )
    assert losses[-1] < losses[0] - 0.2
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == BASE_NAME
    base = AutoModelForCausalLM.from_pretrained(family["base"])
    PeftModel.from_pretrained(base, tmp_path / "adapter").merge_and_unload()
