"""What every pool must do, on real models, merges and tasks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evomerge.errors import Failure, InputError
from evomerge.evaluate.scores import Scores
from evomerge.recipe.recipe import Recipe
from evomerge.settings import EvaluateSettings, TaskSettings, WorkerSettings
from evomerge.workers import open_pool
from evomerge.workers.local import LocalPool
from evomerge.workers.protocol import Failed, Job, Scored, TrialResult, WorkerPool, WorkerSpec

TASKS = (TaskSettings("toy_next", "acc"), TaskSettings("toy_pick", "acc"))


def recipe(weight: float, method: str = "task_arithmetic") -> Recipe:
    inputs = [{"model": name, "parameters": {"weight": weight}} for name in ("a", "b")]
    return Recipe.from_document(
        {"merge_method": method, "base_model": "base", "models": inputs, "dtype": "float32"}
    )


@pytest.fixture(scope="module")
def settings(task_path: Path) -> EvaluateSettings:
    return EvaluateSettings(TASKS, str(task_path), quick=12, confirm=12, held_out=12, batch_size=8)


@pytest.fixture(scope="module")
def locations(family: dict[str, Path]) -> dict[str, str]:
    return {name: str(path) for name, path in family.items()}


def result(pool: WorkerPool) -> TrialResult:
    """Wait for a result, passing over workers that join."""
    while (found := pool.next_result()) is None:
        pass
    return found


class Conformance:
    """Every pool: jobs in, one result each, the same everywhere."""

    @pytest.fixture(scope="class")
    @classmethod
    def pool(cls, spec: WorkerSpec) -> Iterator[WorkerPool]:
        pool = open_pool(spec)
        yield pool
        pool.close()
        pool.close()

    def test_each_job_gives_one_result(self, pool: WorkerPool) -> None:
        jobs = [Job(f"job-{i}", recipe(0.2 * i)) for i in range(pool.capacity)]
        for job in jobs:
            pool.submit(job)
        results = [result(pool) for _ in jobs]
        assert {one.key for one in results} == {job.key for job in jobs}
        for one in results:
            assert isinstance(one, Scored)
            assert one.scores.documents == "quick"
            assert [len(task.per_doc) for task in one.scores.tasks] == [12, 12]
            assert set(one.seconds) == {"merge", "place", "score", "total"}
            assert sum(one.seconds.values()) <= 2.1 * one.seconds["total"]

    def test_scores_are_those_of_a_worker_in_this_process(
        self, pool: WorkerPool, reference: dict[str, Scores]
    ) -> None:
        for name, job in JOBS.items():
            pool.submit(job)
            one = result(pool)
            assert isinstance(one, Scored)
            assert one.scores == reference[name]

    def test_a_failed_recipe_is_a_result(self, pool: WorkerPool) -> None:
        bad = recipe(0.5).document | {"merge_method": "no_such_method"}
        pool.submit(Job("bad", Recipe.from_document(bad)))
        bad_result = result(pool)
        assert bad_result.key == "bad"
        assert isinstance(bad_result, Failed)
        assert bad_result.failure in (Failure.INVALID_RECIPE, Failure.MERGE_FAILED)
        assert "no_such_method" in bad_result.message

    def test_more_jobs_than_workers_are_refused(self, pool: WorkerPool) -> None:
        n_jobs = pool.capacity
        for i in range(n_jobs):
            pool.submit(Job(f"job-{i}", recipe(0.1)))
        with pytest.raises(RuntimeError):
            pool.submit(Job("one more", recipe(0.1)))
        for _ in range(n_jobs):
            result(pool)
        with pytest.raises(RuntimeError):
            pool.next_result()

    def test_an_error_of_the_user_arrives_as_it_is(self, spec: WorkerSpec) -> None:
        wrong = replace(spec.evaluate, tasks=(TaskSettings("toy_next", "akk"),))
        pool = open_pool(replace(spec, evaluate=wrong))
        pool.submit(Job("job", recipe(0.5)))
        with pytest.raises(InputError, match="akk"):
            pool.next_result()
        pool.close()


JOBS = {
    "sum": Job("sum", recipe(0.7)),
    "random": Job("random", recipe(0.9, "dare_linear")),
    "held out": Job("held out", recipe(0.3), "held_out"),
    "alone": Job(
        "alone", Recipe.from_document({"merge_method": "passthrough", "models": [{"model": "a"}]})
    ),
}


@pytest.fixture(scope="module")
def reference(
    settings: EvaluateSettings, locations: dict[str, str], tmp_path_factory: Any
) -> dict[str, Scores]:
    cache = str(tmp_path_factory.mktemp("reference"))
    pool = LocalPool(WorkerSpec(locations, settings, WorkerSettings(threads=1), cache))
    scores = {}
    for name, job in JOBS.items():
        pool.submit(job)
        found = pool.next_result()
        assert isinstance(found, Scored), found
        scores[name] = found.scores
    return scores


class TestLocal(Conformance):
    @pytest.fixture(scope="class")
    @classmethod
    def spec(
        cls, settings: EvaluateSettings, locations: dict[str, str], tmp_path_factory: Any
    ) -> WorkerSpec:
        cache = str(tmp_path_factory.mktemp("local"))
        return WorkerSpec(locations, settings, WorkerSettings(threads=1), cache)


class TestDisk(Conformance):
    @pytest.fixture(scope="class")
    @classmethod
    def spec(
        cls, settings: EvaluateSettings, locations: dict[str, str], tmp_path_factory: Any
    ) -> WorkerSpec:
        cache = str(tmp_path_factory.mktemp("disk") / "made" / "by the worker")
        return WorkerSpec(locations, settings, WorkerSettings(threads=1, mode="disk"), cache)

    test_an_error_of_the_user_arrives_as_it_is = None  # type: ignore[assignment]

    def test_nothing_is_left_on_disk(self, spec: WorkerSpec, pool: WorkerPool) -> None:
        Path(spec.cache, ".scratch-of-a-killed-worker").mkdir()
        Path(spec.cache, ".scratch-of-a-killed-worker.lock").touch()
        fresh = open_pool(spec)
        fresh.submit(JOBS["sum"])
        assert isinstance(fresh.next_result(), Scored)
        fresh.close()
        assert not list(Path(spec.cache).glob(".scratch-*"))


@pytest.mark.slow  # each actor loads everything anew; test_ray_pool.py has the quick ones
class TestRay(Conformance):
    @pytest.fixture(scope="class")
    @classmethod
    def spec(
        cls,
        cluster: None,
        settings: EvaluateSettings,
        locations: dict[str, str],
        tmp_path_factory: Any,
    ) -> WorkerSpec:
        cache = str(tmp_path_factory.mktemp("ray"))
        return WorkerSpec(locations, settings, WorkerSettings(count=2, threads=1), cache)

    def test_a_worker_that_joins_makes_room(self, spec: WorkerSpec) -> None:
        pool = open_pool(spec)
        assert pool.capacity == 1
        pool.submit(Job("first", recipe(0.1)))
        while pool.next_result():
            pool.submit(Job("again", recipe(0.1)))
        assert pool.capacity == 2
        pool.submit(Job("for the second", recipe(0.2)))
        assert {result(pool).worker for _ in range(2)} == {"ray-0", "ray-1"}
        pool.close()
