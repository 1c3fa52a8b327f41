from dataclasses import replace

import pytest
from brittle import Actor, job

from evomerge.errors import Failure
from evomerge.settings import EvaluateSettings, TaskSettings, WorkerSettings
from evomerge.workers.local import LocalPool
from evomerge.workers.protocol import Failed, Scored, WorkerSpec


@pytest.fixture
def pool(tmp_path_factory: pytest.TempPathFactory) -> LocalPool:
    evaluate = EvaluateSettings((TaskSettings("toy", "acc"),))
    cache = str(tmp_path_factory.mktemp("cache"))
    return LocalPool(WorkerSpec({}, evaluate, WorkerSettings(), cache), Actor)


def test_a_job_is_run_when_its_result_is_asked_for(pool: LocalPool) -> None:
    assert pool.capacity == 1
    pool.submit(job("bug"))
    with pytest.raises(ZeroDivisionError):
        pool.next_result()
    pool.submit(job("live", "next"))
    result = pool.next_result()
    assert isinstance(result, Scored)
    assert (result.key, result.worker, result.retries) == ("next", "local", 0)


def test_one_job_at_a_time(pool: LocalPool) -> None:
    with pytest.raises(RuntimeError, match="no job"):
        pool.next_result()
    pool.submit(job("live"))
    with pytest.raises(RuntimeError, match="in flight"):
        pool.submit(job("live"))
    pool.close()
    pool.submit(job("live"))
    assert pool.next_result()


@pytest.mark.parametrize(("until", "failed"), [(2, False), (100, True)])
def test_memory_that_is_short_is_tried_once_more(pool: LocalPool, until: int, failed: bool) -> None:
    pool.submit(job("oom", until=until))
    result = pool.next_result()
    assert result.retries == 1
    assert isinstance(result, Failed) == failed
    if failed:
        assert replace(result, retries=0) == Failed("job", Failure.OUT_OF_MEMORY, "too large")
