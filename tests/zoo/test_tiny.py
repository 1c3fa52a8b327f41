"""The tiny family, built by the same code with far fewer steps."""

from pathlib import Path

import pytest
from safetensors.torch import load_file
from torch import equal
from transformers import AutoModelForCausalLM, AutoTokenizer

from evomerge.evaluate.scorer import Scorer
from evomerge.settings import EvaluateSettings, TaskSettings
from evomerge.zoo.tiny.build import build, courses
from evomerge.zoo.tiny.skills import SKILLS, task_documents, train_documents


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folders = []
    for name in ("first", "second"):
        folder = tmp_path_factory.mktemp(name)
        build(folder, folder, lambda text, fraction: None, scale=0.01, batch=16)
        folders.append(folder)
    return folders


def test_two_builds_are_equal(twins: list[Path]) -> None:
    for name in courses():
        first, second = (load_file(folder / name / "model.safetensors") for folder in twins)
        assert all(equal(first[key], second[key]) for key in first)
    base, expert = (load_file(twins[0] / name / "model.safetensors") for name in ("base", "sort"))
    assert not all(equal(base[key], expert[key]) for key in base)


def test_models_and_tasks_load_where_they_lie(twins: list[Path]) -> None:
    folder = twins[0]
    model = AutoModelForCausalLM.from_pretrained(folder / "add")
    tokenizer = AutoTokenizer.from_pretrained(folder / "add")
    assert 0.5e6 < sum(p.numel() for p in model.parameters()) < 1.5e6
    settings = EvaluateSettings(
        tasks=tuple(TaskSettings(f"tiny_{skill}", "acc") for skill in SKILLS),
        task_path=str(folder / "tasks"),
        quick=8,
        confirm=8,
        held_out=8,
    )
    scores = Scorer(settings).score(model, tokenizer)
    assert all(0 <= score.value <= 1 for score in scores.tasks)


def test_the_answers_are_right() -> None:
    for document in task_documents("reverse", 5):
        assert document.answer == document.prompt[len("reverse ") : -1][::-1]
    for document in task_documents("sort", 5):
        assert list(document.answer) == sorted(document.prompt[len("sort ") : -1])
    for document in task_documents("add", 5):
        a, b = document.prompt[len("add ") : -1].split("+")
        assert int(document.answer) == int(a) + int(b)
    assert task_documents("shift", 5) == task_documents("shift", 10)[:5]


@pytest.mark.parametrize("skill", SKILLS)
def test_no_task_document_is_trained_on(skill: str) -> None:
    import numpy as np

    kept = frozenset(task_documents(skill, 1024))
    assert len(kept) == 1024
    drawn = train_documents(skill, np.random.default_rng(0), 500, kept)
    assert not kept & set(drawn)
