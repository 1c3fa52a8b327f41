"""What is right is read as lm-eval reads it; tasks without a loss say why."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance

from evomerge.evaluate.targets import choice_terms, target_requests, why_no_loss
from evomerge.evaluate.tasks import LoadedTask, load_tasks

from .conftest import settings


def load(path: Path, name: str, metric: str) -> LoadedTask:
    return load_tasks(settings(path, (name, metric)))[0]


def asked(document: dict[str, Any], count: int) -> list[Instance]:
    return [Instance("loglikelihood", document, ("context", ""), at) for at in range(count)]


@pytest.mark.parametrize(
    ("label", "right"), [(1, (1,)), ("abc", (2,)), ([2, 0], (2, 0)), (3, None), ("x", None)]
)
def test_labels_are_positions_texts_or_several(
    all_tasks: Path, label: object, right: tuple[int, ...] | None
) -> None:
    loaded = load(all_tasks, "toy_fewshot", "acc_norm")
    loaded.task.config.doc_to_choice = ["a", "bc", "abc"]
    loaded.task.config.doc_to_target = lambda document: document["label"]
    terms = choice_terms(loaded, asked({"label": label}, 3), first=7)
    assert [term.right for term in terms] == ([] if right is None else [right])
    for term in terms:
        assert term.asked == (7, 8, 9) and term.compared
        assert term.scales == (2.0, 1.0, 2 / 3)


def test_targets_follow_the_prompt_of_the_question(all_tasks: Path) -> None:
    loaded = load(all_tasks, "toy_generate", "exact_match,raw")
    loaded.task.config.doc_to_target = lambda document: document["answer"]
    for answer, texts in (("b", ["b"]), (["b", "c", "b", ""], ["b", "c"]), (12, ["12"])):
        found = target_requests(loaded, asked({"answer": answer}, 1)[0], chat_template=False)
        assert [one.args for one in found] == [("context", f" {text}") for text in texts]
    (found,) = target_requests(loaded, asked({"answer": "b"}, 1)[0], chat_template=True)
    assert found.args == ("context", "b")


def test_tasks_without_a_loss_say_why(all_tasks: Path) -> None:
    pick = load(all_tasks, "toy_pick", "acc")
    assert why_no_loss(pick) is None
    assert "acc_mutual_info" in str(why_no_loss(replace(pick, metric="acc_mutual_info")))
    pick.task.config.repeats = 3
    assert "several times" in str(why_no_loss(pick))
    own = load(all_tasks, "toy_pick", "acc")
    own.task.config.process_results = lambda document, results: {"acc": 1.0}
    assert "process_results" in str(why_no_loss(own))
    generate = load(all_tasks, "toy_generate", "exact_match,raw")
    assert why_no_loss(generate) is None
    assert "pass_at_k does not compare" in str(why_no_loss(replace(generate, metric="pass_at_k")))
    generate.task.config.process_results = lambda document, results: {"exact_match": 1.0}
    assert "process_results" in str(why_no_loss(generate))
    generate.task.config.process_results = None
    generate.task.config.doc_to_target = 0
    assert "no text" in str(why_no_loss(generate))
    generate.task.__class__ = type("Own", (type(generate.task),), {"process_results": id})
    assert "Python task" in str(why_no_loss(generate))
