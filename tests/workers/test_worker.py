"""One worker: what goes wrong with one recipe is its result, and leaves the next one alone."""

from pathlib import Path

import pytest
import torch

from evomerge.errors import Failure
from evomerge.evaluate.scorer import Scorer
from evomerge.recipe.recipe import Recipe
from evomerge.settings import EvaluateSettings, TaskSettings, WorkerSettings
from evomerge.workers.protocol import Failed, Job, Scored, WorkerSpec
from evomerge.workers.worker import Worker


def recipe(weight: object) -> Recipe:
    models = [{"model": name, "parameters": {"weight": weight}} for name in ("a", "b")]
    return Recipe.from_document({"merge_method": "linear", "models": models, "dtype": "float32"})


@pytest.fixture(scope="module")
def worker(
    locations: dict[str, str], task_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Worker:
    evaluate = EvaluateSettings(
        (TaskSettings("toy_next", "acc"),), str(task_path), quick=12, confirm=12, held_out=12
    )
    cache = str(tmp_path_factory.mktemp("cache"))
    return Worker(WorkerSpec(locations, evaluate, WorkerSettings(threads=1), cache))


def test_a_merge_that_fails_half_way_leaves_the_next_one_alone(worker: Worker) -> None:
    first = worker.run(Job("1", recipe(0.5)))
    worker.run(Job("2", recipe(0.5)))
    broken = worker.run(Job("3", recipe([{"filter": "layers.2", "value": 0}, {"value": 0.5}])))
    assert isinstance(broken, Failed)
    assert broken.failure is Failure.NAN_WEIGHTS
    assert broken.seconds.keys() == {"merge", "total"}
    again = worker.run(Job("4", recipe(0.5)))
    assert isinstance(first, Scored) and isinstance(again, Scored)
    assert again.scores == first.scores
    assert again.seconds.keys() == {"merge", "place", "score", "total"}


def test_too_little_memory_is_a_result(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    wanted = worker.run(Job("1", recipe(0.4)))
    with monkeypatch.context() as patch:
        patch.setattr(Scorer, "score", full)
        failed = worker.run(Job("2", recipe(0.4)))
    assert isinstance(failed, Failed)
    assert (failed.failure, failed.message) == (Failure.OUT_OF_MEMORY, "CUDA out of memory")
    smaller = worker.run(Job("3", recipe(0.4), shrink=4))
    assert isinstance(wanted, Scored) and isinstance(smaller, Scored)
    values = [[task.value for task in one.scores.tasks] for one in (wanted, smaller)]
    assert values[0] == values[1]


def task_vectors(weight: float) -> Recipe:
    return Recipe.from_document(
        {
            "merge_method": "task_arithmetic",
            "base_model": "base",
            "models": [
                {"model": "a", "parameters": {"weight": [weight, 0.2]}},
                {"model": "b", "parameters": {"weight": 0.5}},
            ],
            "dtype": "float32",
        }
    )


def test_a_gradient_comes_beside_the_scores_of_any_trial(worker: Worker) -> None:
    plain = worker.run(Job("1", task_vectors(0.6)))
    asked = worker.run(Job("2", task_vectors(0.6), gradient=True))
    sides = [worker.run(Job("3", task_vectors(0.6 + by), gradient=True)) for by in (0.03, -0.03)]
    assert isinstance(plain, Scored) and isinstance(asked, Scored)
    assert asked.scores == plain.scores
    assert plain.gradient is None and asked.gradient is not None
    losses = [one.gradient.loss for one in sides if isinstance(one, Scored) and one.gradient]
    slope = asked.gradient.slopes["models", 0, "parameters", "weight", 0]
    assert slope == pytest.approx((losses[0] - losses[1]) / 0.06, rel=0.05)


def test_what_has_no_gradient_is_scored_and_says_why(worker: Worker) -> None:
    document = Recipe.from_document(task_vectors(0.6).document | {"merge_method": "sce"})
    plain = worker.run(Job("1", document))
    asked = worker.run(Job("2", document, gradient=True))
    assert isinstance(plain, Scored) and isinstance(asked, Scored)
    assert asked.scores == plain.scores and asked.gradient is None
    assert "sce recipe" in asked.no_gradient and not plain.no_gradient
