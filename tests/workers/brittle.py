"""Workers that misbehave, to be run inside Ray actors. What a job does is its recipe's `act`."""

import os
import signal
import time
from pathlib import Path

from evomerge.errors import Failure, InputError
from evomerge.evaluate.scores import Scores
from evomerge.recipe.recipe import Recipe
from evomerge.workers.protocol import Failed, Job, Scored, TrialResult, WorkerPool, WorkerSpec


def job(act: str, key: str = "job", **more: object) -> Job:
    return Job(key, Recipe.from_document({"merge_method": "none", "act": act, **more}))


def failure(result: TrialResult | None) -> Failure | None:
    """Return why a job failed; None where it was scored."""
    assert result is not None
    return result.failure if isinstance(result, Failed) else None


def pid(result: TrialResult) -> int:
    """Return the process in which a job that lived was run."""
    assert isinstance(result, Scored)
    return int(result.scores.documents)


class Actor:
    """Does what the recipe says."""

    def __init__(self, spec: WorkerSpec) -> None:
        self.cache = Path(spec.cache)
        if (self.cache / "die-at-birth").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        if (self.cache / "one-only").exists():
            os.open(self.cache / "taken", os.O_CREAT | os.O_EXCL)
            (self.cache / "one-only").rename(self.cache / "second-fails")
        elif (self.cache / "second-fails").exists():
            raise InputError("no second one")

    def run(self, job: Job) -> TrialResult:
        document = job.recipe.document
        match document["act"]:
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "sleep":
                time.sleep(document["seconds"])
            case "oom" if job.shrink < document["until"]:
                return Failed(job.key, Failure.OUT_OF_MEMORY, "too large")
            case "bug":
                raise ZeroDivisionError("a bug")
        return Scored(job.key, Scores(str(os.getpid()), ()))


def warm_up(pool: WorkerPool, count: int) -> None:
    """Give a pool jobs until so many of its workers are ready."""
    pool.submit(job("live", "first"))
    while pool.capacity < count:
        if pool.next_result():
            pool.submit(job("live", "again"))
    assert pool.next_result()


def interrupted(cache: str) -> None:
    """Search as the driver does while the terminal's Ctrl-C reaches the whole process group."""
    from evomerge.settings import EvaluateSettings, TaskSettings, WorkerSettings
    from evomerge.workers.ray_pool import RayPool

    seen = []
    signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    settings = WorkerSettings(count=2, threads=1)
    evaluate = EvaluateSettings((TaskSettings("none", "acc"),))
    pool = RayPool(WorkerSpec({}, evaluate, settings, cache), Actor)
    warm_up(pool, 2)
    for key in ("one", "two"):
        pool.submit(job("sleep", key, seconds=1.5))
    time.sleep(0.5)
    os.killpg(0, signal.SIGINT)
    results = [pool.next_result() for _ in range(2)]
    pool.close()
    lines = [f"{r.key} {failure(r)} {r.retries}" for r in results]
    Path(cache, "results").write_text("\n".join([*sorted(lines), f"signals {len(seen)}"]))


if __name__ == "__main__":
    import sys

    interrupted(sys.argv[1])
