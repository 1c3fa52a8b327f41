import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import brittle
import pytest
import waiting
from brittle import failure, job, pid, warm_up
from ray.exceptions import RayTaskError

from evomerge.errors import Failure, InputError, PlatformError
from evomerge.recipe.recipe import Recipe
from evomerge.settings import EvaluateSettings, TaskSettings, WorkerSettings
from evomerge.workers import open_pool
from evomerge.workers.local import LocalPool
from evomerge.workers.protocol import Job, Scored, TrialResult, WorkerSpec
from evomerge.workers.ray_pool import RayPool

Open = Callable[..., RayPool]
UNSCORED = EvaluateSettings((TaskSettings("none", "acc"),))


@pytest.fixture
def brittle_pool(cluster: None, tmp_path: Path) -> Iterator[Open]:
    """Open a pool of brittle workers; it is closed at the end of the test."""
    pools = []

    def open_brittle(
        warn: Callable[[str], None] = lambda text: None, **settings: object
    ) -> RayPool:
        workers = WorkerSettings(**{"threads": 1, **settings})
        spec = WorkerSpec({}, UNSCORED, workers, str(tmp_path))
        pools.append(RayPool(spec, brittle.Actor, warn))
        return pools[-1]

    yield open_brittle
    for pool in pools:
        pool.close()


def results(pool: RayPool, count: int) -> list[TrialResult]:
    """Wait for so many results, passing over workers that join."""
    found: list[TrialResult] = []
    while len(found) < count:
        if result := pool.next_result():
            found.append(result)
    return found


@pytest.mark.slow
def test_a_job_that_kills_its_worker_is_tried_twice(brittle_pool: Open) -> None:
    pool = brittle_pool()
    pool.submit(job("die"))
    result = pool.next_result()
    assert (failure(result), result.retries, result.key) == (Failure.WORKER_DIED, 1, "job")
    pool.submit(job("live"))
    assert failure(pool.next_result()) is None


def test_a_job_over_its_time_is_stopped_and_the_others_go_on(brittle_pool: Open) -> None:
    pool = brittle_pool(count=2, timeout_s=1.0)
    warm_up(pool, 2)
    pool.submit(job("sleep", "long", seconds=60))
    pool.submit(job("sleep", "short", seconds=0.1))
    first, *more = results(pool, 2)
    assert (first.key, failure(first)) == ("short", None)
    (second,) = more
    assert (second.key, failure(second), second.retries) == ("long", Failure.TIME_LIMIT, 1)
    pool.submit(job("live", "next"))
    assert failure(results(pool, 1)[0]) is None


@pytest.mark.slow
def test_workers_lost_while_idle_cost_no_job_its_retry(brittle_pool: Open) -> None:
    pool = brittle_pool(count=2)
    warm_up(pool, 2)
    pool.submit(job("sleep", "one", seconds=0.5))
    pool.submit(job("sleep", "two", seconds=0.5))
    pids = {pid(result) for result in results(pool, 2)}
    assert len(pids) == 2
    for each in pids:
        os.kill(each, signal.SIGKILL)
    pool.submit(job("live", "next"))
    (found,) = results(pool, 1)
    assert (failure(found), found.retries) == (None, 0)
    assert pid(found) not in pids


def test_out_of_memory_is_tried_once_with_a_smaller_batch(
    brittle_pool: Open, tmp_path: Path
) -> None:
    """In either pool."""
    spec = WorkerSpec({}, UNSCORED, WorkerSettings(), str(tmp_path))
    for pool in (brittle_pool(), LocalPool(spec, brittle.Actor)):
        pool.submit(job("oom", until=2))
        result = pool.next_result()
        assert result
        assert (failure(result), result.retries) == (None, 1)
        pool.submit(job("oom", until=100))
        result = pool.next_result()
        assert result
        assert (failure(result), result.retries) == (Failure.OUT_OF_MEMORY, 1)


@pytest.mark.slow
def test_a_worker_that_cannot_be_built_ends_the_search_or_is_given_up(
    brittle_pool: Open, tmp_path: Path
) -> None:
    told: list[str] = []
    pool = brittle_pool(count=2, warn=told.append)
    (tmp_path / "one-only").touch()
    pool.submit(job("sleep", "one", seconds=1))
    assert failure(results(pool, 1)[0]) is None
    for i in range(4):
        pool.submit(job("sleep", f"more {i}", seconds=2))
        assert failure(results(pool, 1)[0]) is None
    assert len(told) == 1
    assert "is given up, 1 workers go on: " in told[0]
    assert pool.capacity == 1


def test_a_bug_shows_itself(brittle_pool: Open) -> None:
    pool = brittle_pool()
    pool.submit(job("bug"))
    with pytest.raises(RayTaskError, match="ZeroDivisionError"):
        pool.next_result()


@pytest.mark.slow
def test_a_worker_without_a_place_holds_no_job(brittle_pool: Open) -> None:
    told: list[str] = []
    pool = brittle_pool(count=3, ray_address="auto", warn=told.append)
    assert told == [
        "3 workers with 0 GPUs and 1 CPU threads each: 0 GPUs and 2 CPUs, on 1 nodes, have room "
        "for 2; the others start when nodes join"
    ]
    warm_up(pool, 2)
    for round in range(3):
        for key in ("one", "two"):
            pool.submit(job("live", f"{key} {round}"))
        assert all(failure(result) is None for result in results(pool, 2))
    assert pool.capacity == 2


@pytest.mark.slow
def test_a_node_without_the_models_is_named(cluster: None, tmp_path: Path) -> None:
    evaluate = EvaluateSettings((TaskSettings("toy_pick", "acc"),), str(tmp_path), 8, 0, 0)
    settings = WorkerSettings(ray_address="auto", threads=1)
    pool = RayPool(WorkerSpec({"a": "/only/elsewhere"}, evaluate, settings, str(tmp_path)))
    pool.submit(job("live"))
    with pytest.raises(InputError, match=r"on node \d+\."):
        pool.next_result()
    pool.close()


@pytest.mark.slow
def test_workers_that_die_at_birth_end_the_search(brittle_pool: Open, tmp_path: Path) -> None:
    (tmp_path / "die-at-birth").touch()
    pool = brittle_pool()
    pool.submit(job("live"))
    with pytest.raises(PlatformError, match="die while they load"):
        for _ in range(3):
            assert failure(pool.next_result()) is Failure.WORKER_DIED
            pool.submit(job("live"))


def test_gpus_that_are_not_there_are_refused(cluster: None, tmp_path: Path) -> None:
    import ray

    if ray.cluster_resources().get("GPU"):
        pytest.skip("this machine has GPUs")
    spec = WorkerSpec({}, UNSCORED, WorkerSettings(count=2, gpus=0.5), str(tmp_path))
    with pytest.raises(PlatformError, match=r"2 workers with 0\.5 GPUs each: 0 GPUs"):
        open_pool(spec)


def test_a_time_limit_needs_a_process_of_its_own(cluster: None, tmp_path: Path) -> None:
    spec = WorkerSpec({}, UNSCORED, WorkerSettings(timeout_s=5), str(tmp_path))
    pool = open_pool(spec)
    assert isinstance(pool, RayPool)
    pool.close()


@pytest.mark.slow
def test_a_worker_killed_from_outside_costs_one_retry(
    cluster: None, family: dict[str, Path], task_path: Path, tmp_path: Path
) -> None:
    evaluate = EvaluateSettings((TaskSettings("toy_pick", "acc"),), str(task_path), 8, 0, 0)
    locations = {name: str(path) for name, path in family.items()}
    settings = WorkerSettings(count=1, threads=1)
    spec = WorkerSpec(locations, evaluate, settings, str(tmp_path))
    document = {"merge_method": "linear", "models": [{"model": "a", "parameters": {"weight": 1}}]}
    real = Job("job", Recipe.from_document(document))

    def kill() -> None:
        while not (tmp_path / "pid").exists():
            time.sleep(0.05)
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)

    pool = RayPool(spec, waiting.WaitsOnce)
    pool.submit(real)
    killer = threading.Thread(target=kill)
    killer.start()
    result = pool.next_result()
    killer.join()
    pool.close()
    local = open_pool(spec)
    local.submit(real)
    expected = local.next_result()
    assert isinstance(result, Scored)
    assert isinstance(expected, Scored)
    assert (result.scores, result.retries) == (expected.scores, 1)


@pytest.mark.slow
def test_ctrl_c_in_the_terminal_spares_the_workers(tmp_path: Path) -> None:
    """The terminal sends SIGINT to every process of the group; only the driver may act on it."""
    done = subprocess.run(
        [sys.executable, brittle.__file__, str(tmp_path)],
        start_new_session=True,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results").read_text().splitlines() == [
        "one None 0",
        "two None 0",
        "signals 1",
    ]
    assert done.stdout + done.stderr == ""
