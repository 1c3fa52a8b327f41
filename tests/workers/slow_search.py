"""A search by real workers that take their time, on a running cluster; to be run as a program."""

import sys
import time
from pathlib import Path

from evomerge.quiet import hush
from evomerge.search.driver import run_search
from evomerge.search.events import Progress, SilentListener
from evomerge.search.records.record import TrialRecord
from evomerge.search.records.run import Run
from evomerge.space.reading.load import load_space
from evomerge.workers.protocol import Failed, Job, TrialResult, WorkerSpec
from evomerge.workers.ray_pool import RayPool
from evomerge.workers.worker import Worker

WAITS = "search-12"
"""The job that waits until three workers have been built."""


class SlowWorker(Worker):
    """A real worker that tells of its birth in the cache, and takes a moment longer."""

    def __init__(self, spec: WorkerSpec) -> None:
        super().__init__(spec)
        self._births = Path(spec.cache) / "births"
        self._births.mkdir(parents=True, exist_ok=True)
        (self._births / str(time.time_ns())).touch()

    def run(self, job: Job) -> TrialResult:
        time.sleep(0.3)
        until = time.monotonic() + 120
        while job.key == WAITS and time.monotonic() < until:
            if len(list(self._births.iterdir())) >= 3:
                break
            time.sleep(0.1)
        return super().run(job)


class Shown(SilentListener):
    """Prints a line for each trial."""

    def on_record(self, record: TrialRecord, progress: Progress) -> None:
        result = record.result
        failure = result.failure if isinstance(result, Failed) else None
        sys.stdout.write(f"{record.stage} {result.worker} {result.retries} {failure}\n")
        sys.stdout.flush()


def main(path: Path, address: str) -> None:
    space = load_space(path, [f"workers.ray_address={address}"])
    locations = {reference: reference for reference in space.references}
    spec = WorkerSpec(locations, space.evaluate, space.workers, str(path.parent / "cache"))
    pool = RayPool(spec, SlowWorker)
    with Run.open(space, path.parent / "runs") as run:
        run_search(run, pool, [Shown()])
    pool.close()


if __name__ == "__main__":
    hush(load=True)
    main(Path(sys.argv[1]), sys.argv[2])
