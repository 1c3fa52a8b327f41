"""What the search tells those who listen: the terminal, the tracker, a test."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evomerge.search.finals.outcome import Outcome
from evomerge.search.records.record import ScoredTrial, Stage, TrialRecord
from evomerge.space.space import Space


@dataclass(frozen=True)
class Progress:
    """Where the search stands.

    Args:
        stage: The stage that runs.
        done: Trials of the stage that have ended, failed ones included.
        planned: Trials the stage will have at most.
        failed: Trials of the stage that failed.
        in_flight: Trials that run now.
        elapsed_s: Seconds of sampling over all sessions of the run.
        incumbent: The best recipe on the quick documents so far, or None.
    """

    stage: Stage
    done: int
    planned: int
    failed: int
    in_flight: int
    elapsed_s: float
    incumbent: ScoredTrial | None


class Listener(Protocol):
    """Hears of everything the search does, in order, in the search's own thread."""

    def on_start(self, folder: Path, space: Space, earlier: Sequence[TrialRecord]) -> None:
        """The search begins; `earlier` holds what earlier sessions of the run recorded."""
        ...

    def on_stage(self, stage: Stage, planned: int) -> None:
        """A stage begins; it has at most `planned` trials, earlier ones included."""
        ...

    def on_record(self, record: TrialRecord, progress: Progress) -> None:
        """A trial ended and is in the study."""
        ...

    def on_note(self, text: str) -> None:
        """Something a person should know, in one or two sentences."""
        ...

    def on_finish(self, outcome: Outcome) -> None:
        """The search is complete."""
        ...

    def on_report(self, best: Path, report: Path) -> None:
        """Its files are written: the winner as mergekit YAML, and the report as Markdown."""
        ...


class SilentListener:
    """Hears everything and does nothing; a base for listeners that want a part."""

    def on_start(self, folder: Path, space: Space, earlier: Sequence[TrialRecord]) -> None:
        """Do nothing."""

    def on_stage(self, stage: Stage, planned: int) -> None:
        """Do nothing."""

    def on_record(self, record: TrialRecord, progress: Progress) -> None:
        """Do nothing."""

    def on_note(self, text: str) -> None:
        """Do nothing."""

    def on_finish(self, outcome: Outcome) -> None:
        """Do nothing."""

    def on_report(self, best: Path, report: Path) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Callback(SilentListener):
    """A listener made of a function.

    Args:
        function: Called with each trial that has ended, and where the search stands then, in
            the search's own thread: the next trial waits for it. What it raises ends the
            search, which can be resumed.
    """

    function: Callable[[TrialRecord, Progress], None]

    def on_record(self, record: TrialRecord, progress: Progress) -> None:
        """Call the function."""
        self.function(record, progress)
