"""Write the lm-eval task of each set of questions."""

import json
from collections.abc import Iterable
from pathlib import Path

import yaml

from evomerge.zoo.smollm2.questions import Question


def task_name(expert: str) -> str:
    """Return the name of the task on which this expert should be best."""
    return f"smollm2_{expert}"


def write_task(expert: str, questions: Iterable[Question], folder: Path, final: Path) -> None:
    """Write a task's documents and its YAML.

    Args:
        expert: Name of the set of questions.
        questions: The documents.
        folder: Where to write; must exist.
        final: Where the folder will lie when lm-eval reads it.
    """
    name = task_name(expert)
    rows = (
        {"context": question.context, "choices": question.choices, "label": question.label}
        for question in questions
    )
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    document = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(final / f"{name}.jsonl")}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "context",
        "doc_to_choice": "choices",
        "doc_to_target": "label",
        "num_fewshot": 0,
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": 1},
    }
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
