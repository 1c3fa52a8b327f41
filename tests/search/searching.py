"""A whole search of a synthetic space, and a listener that keeps what it heard."""

from collections.abc import Sequence
from pathlib import Path

from synthetic import FormulaPool

from evomerge.search.driver import run_search
from evomerge.search.events import Progress, SilentListener
from evomerge.search.finals.outcome import Outcome
from evomerge.search.records.record import Stage, TrialRecord
from evomerge.search.records.run import Run
from evomerge.space.space import Space
from evomerge.workers.protocol import WorkerPool


class Diary(SilentListener):
    def __init__(self) -> None:
        self.earlier: list[TrialRecord] = []
        self.stages: list[tuple[Stage, int]] = []
        self.records: list[tuple[TrialRecord, Progress]] = []
        self.notes: list[str] = []
        self.outcomes: list[Outcome] = []

    def on_start(self, folder: Path, space: Space, earlier: Sequence[TrialRecord]) -> None:
        self.earlier = list(earlier)

    def on_stage(self, stage: Stage, planned: int) -> None:
        self.stages.append((stage, planned))

    def on_record(self, record: TrialRecord, progress: Progress) -> None:
        self.records.append((record, progress))

    def on_note(self, text: str) -> None:
        self.notes.append(text)

    def on_finish(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


def search(
    space: Space, folder: Path, pool: WorkerPool | None = None, diary: Diary | None = None
) -> tuple[Outcome, list[TrialRecord]]:
    with Run.open(space, folder, resume=True) as run:
        outcome = run_search(run, pool or FormulaPool(), [diary] if diary else [])
        return outcome, run.study.records("search")
