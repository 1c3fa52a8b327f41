"""The skills' tasks load where they lie, and a model of the family can be scored on them."""

from pathlib import Path

from transformers import AutoModelForCausalLM, AutoTokenizer

from evomerge.evaluate.scorer import Scorer
from evomerge.settings import EvaluateSettings, TaskSettings
from evomerge.zoo.tiny.skills import SKILLS


def test_models_and_tasks_load_where_they_lie(tiny_family: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(tiny_family / "add")
    tokenizer = AutoTokenizer.from_pretrained(tiny_family / "add")
    assert 0.5e6 < sum(p.numel() for p in model.parameters()) < 1.5e6
    settings = EvaluateSettings(
        tasks=tuple(TaskSettings(f"tiny_{skill}", "acc") for skill in SKILLS),
        task_path=str(tiny_family / "tasks"),
        quick=8,
        confirm=8,
        held_out=8,
    )
    scores = Scorer(settings).score(model, tokenizer)
    assert all(0 <= score.value <= 1 for score in scores.tasks)
