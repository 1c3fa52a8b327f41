"""Every document's loss is made of its own log-likelihoods, whatever the order of requests."""

import math
from pathlib import Path

import pytest
from transformers import PreTrainedModel

from evomerge.evaluate.harness import LiveLM
from evomerge.evaluate.requests import Requests, build_requests
from evomerge.evaluate.tasks import load_tasks

from .conftest import settings

TASKS = (
    ("toy_pick", "acc"),
    ("toy_generate", "exact_match,raw"),
    ("toy_next", "acc"),
    ("toy_rolling", "word_perplexity"),
)


@pytest.fixture
def requests(all_tasks: Path, model: PreTrainedModel, tokenizer: object) -> Requests:
    tasks = load_tasks(settings(all_tasks, *TASKS))
    lm = LiveLM(model, tokenizer, "auto")
    return build_requests(tasks, {name: [3, 8] for name, _ in TASKS}, lm, chat_template=False)


def test_losses_are_of_the_documents_that_were_asked_about(requests: Requests) -> None:
    chosen, following = requests.by_task["toy_pick"], requests.by_task["toy_next"]
    for one, likelihood in zip(
        [*chosen, *following], (-1.0, -2.0, -5.0, -1.0, -0.25, -0.5), strict=True
    ):
        one.resps.append((likelihood, True))
    for one, likelihood in zip(requests.by_task["toy_rolling"], (-10.0, -20.0), strict=True):
        one.resps.append(likelihood)
    found = requests.plan.by_task(requests.by_type)
    labels = [one.doc["label"] for one in chosen[::2]]
    assert labels == [1, 0]
    assert found["toy_pick"] == pytest.approx(
        [math.log1p(math.e), math.log1p(math.exp(4))], rel=1e-5
    )
    assert found["toy_next"] == (0.25, 0.5)
    assert found["toy_rolling"] == (2.0, 4.0)
    assert "toy_generate" not in found
    for one, likelihood in zip(requests.plan.targets, (-3.0, -4.0), strict=True):
        one.resps.append((likelihood, False))
    assert requests.plan.by_task(requests.by_type)["toy_generate"] == (1.0, 1.33333)
    requests.clear()
    assert requests.plan.by_task(requests.by_type) == {}
