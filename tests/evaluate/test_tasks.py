"""Tasks are loaded by name, or said why not in one line."""

import json
from pathlib import Path

import pytest

from evomerge.errors import InputError
from evomerge.evaluate.tasks import load_tasks

from .conftest import DATA, settings


@pytest.mark.parametrize(
    ("task", "metric", "message"),
    [
        pytest.param(
            "toy_nxt",
            "acc",
            "lm-eval has no task 'toy_nxt'. help: did you mean 'toy_next'?",
            marks=pytest.mark.slow,  # reads the index of lm-eval's own tasks
        ),
        ("toy_next", "accuracy", "no metric 'accuracy'. help: did you mean 'acc'?"),
        ("toy_generate", "exact_match,leter", "no filter 'leter'. help: did you mean 'letter'?"),
    ],
)
def test_unknown_names_give_the_nearest(
    all_tasks: Path, task: str, metric: str, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        load_tasks(settings(all_tasks, (task, metric)))
    assert message in str(caught.value)


@pytest.mark.parametrize("content", [None, "{broken\n", ""])
def test_data_that_cannot_be_read(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "data.jsonl"
    if content is not None:
        file.write_text(content)
    (tmp_path / "bad.yaml").write_text(
        "task: bad\noutput_type: loglikelihood\n"
        'doc_to_text: "{{prompt}}"\ndoc_to_target: "{{answer}}"\n'
        "metric_list: [{metric: acc}]\n" + DATA.format(file=file)
    )
    with pytest.raises(InputError) as caught:
        load_tasks(settings(tmp_path, ("bad", "acc")))
    assert "task bad: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_replaced_data_file_is_not_read_stale(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    (tmp_path / "fresh.yaml").write_text(
        "task: fresh\noutput_type: loglikelihood\n"
        'doc_to_text: "{{prompt}}"\ndoc_to_target: "{{answer}}"\n'
        "metric_list: [{metric: acc}]\n" + DATA.format(file=file)
    )
    chosen = settings(tmp_path, ("fresh", "acc"))
    prompts = []
    for letter in "ab":
        rows = [{"prompt": letter * n, "answer": "c"} for n in (1, 2, 3)]
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        prompts.append(load_tasks(chosen)[0].task.eval_docs[0]["prompt"])
    assert prompts == ["a", "b"]


def test_an_index_that_changed_is_read_again(tmp_path: Path, task_path: Path) -> None:
    text = (task_path / "toy_next.yaml").read_text()
    for name in ("one", "two"):
        (tmp_path / "task.yaml").write_text(text.replace("task: toy_next", f"task: {name}"))
        assert load_tasks(settings(tmp_path, (name, "acc")))[0].task.config.task == name
