"""What the search command shows: a live line on a terminal, plain lines elsewhere, or JSON."""

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.live import Live
from rich.text import Text

from evomerge.errors import Failure
from evomerge.report.outcome_json import outcome_json, record_json
from evomerge.report.table import outcome_table, short_names, summary_lines
from evomerge.search.events import Progress
from evomerge.search.finals.outcome import Outcome
from evomerge.search.records.record import FailedTrial, Stage, TrialRecord
from evomerge.space.space import Space

_STAGES = {
    "generation0": "generation 0: base, parents and fixed blends",
    "search": "search",
    "confirm": "confirm: finalists on fresh documents",
    "held_out": "held out: winner, parents and blends on documents that no choice has seen",
}


_WIDE = 106
"""Columns of a terminal that hold the final table whole."""


class PlainConsole:
    """A line for each trial, and the table at the end.

    Args:
        space: What is searched.
        resume: The command that resumes the run, told at the start.

    Attributes:
        begun: Whether the search has begun, so that there is a run to resume.
    """

    def __init__(self, space: Space, resume: str) -> None:
        self._space, self._resume = space, resume
        self.begun = False
        self._explained: set[Failure] = set()
        self._heading = ""

    def on_start(self, folder: Path, space: Space, earlier: Sequence[TrialRecord]) -> None:
        """Say what is searched, where, and how to resume."""
        self.begun = True
        again = f", {len(earlier)} trials recorded earlier" if earlier else ""
        self.line(f"run {space.name} in {folder}{again}")
        self.line(f"stop with Ctrl-C, resume with: {self._resume}")

    def on_stage(self, stage: Stage, planned: int) -> None:
        """Announce the stage."""
        self._heading = f"\n{_STAGES[stage]} ({planned})"

    def on_record(self, record: TrialRecord, progress: Progress) -> None:
        """Show one trial, under its stage; explain a failure where it comes up first."""
        if self._heading:
            self.line(self._heading)
            self._heading = ""
        self.line(f"{progress.done:4}/{progress.planned}  {record_line(record, progress)}")
        if isinstance(record, FailedTrial) and record.result.failure not in self._explained:
            self._explained.add(record.result.failure)
            self.line(f"           {record.result.failure}: {record.result.failure.advice}")

    def on_note(self, text: str) -> None:
        """Show a note."""
        self.line(f"note: {text}")

    def on_finish(self, outcome: Outcome) -> None:
        """Show the table and the verdict."""
        console = Console(width=None if sys.stdout.isatty() else 120)
        table = outcome_table(outcome, self._space, narrow=console.width < _WIDE)
        if sys.stdout.isatty():
            console.print(table)
        else:
            with console.capture() as shown:
                console.print(table)
            self.line("\n".join(line.rstrip() for line in shown.get().splitlines()))
        for line in summary_lines(outcome, self._space):
            self.line(line)

    def on_report(self, best: Path, report: Path) -> None:
        """Name the files, and the command that merges the winner."""
        click.echo(f"\nbest recipe  {from_here(best)}")
        click.echo(f"report       {from_here(report)}")
        click.echo(f"merge it     evomerge merge {from_here(best)} -o merged/")

    def line(self, text: str) -> None:
        """Print one line."""
        click.echo(text)


class LiveConsole(PlainConsole):
    """A line for each trial, and one below that always says where the search stands."""

    def __init__(self, space: Space, resume: str) -> None:
        super().__init__(space, resume)
        self._console = Console(highlight=False)
        self._live = Live(console=self._console, refresh_per_second=4, transient=True)

    def on_start(self, folder: Path, space: Space, earlier: Sequence[TrialRecord]) -> None:
        """Start the live line."""
        self._live.start()
        super().on_start(folder, space, earlier)

    def on_record(self, record: TrialRecord, progress: Progress) -> None:
        """Show one trial, and where the search stands."""
        super().on_record(record, progress)
        self._live.update(Text(standing(progress), style="bold"))

    def on_finish(self, outcome: Outcome) -> None:
        """End the live line and show the table."""
        self.stop()
        super().on_finish(outcome)

    def line(self, text: str) -> None:
        """Print one line above the live one."""
        self._console.print(Text(text))

    def stop(self) -> None:
        """Take the live line away."""
        self._live.stop()


class JsonConsole:
    """One JSON object a line; the last one is the outcome.

    Attributes:
        begun: Whether the search has begun, so that there is a run to resume.
    """

    def __init__(self) -> None:
        self.begun = False

    def on_start(self, folder: Path, space: Space, earlier: Sequence[TrialRecord]) -> None:
        """Write `start`."""
        self.begun = True
        self._write("start", run=space.name, folder=str(folder), earlier=len(earlier))

    def on_stage(self, stage: Stage, planned: int) -> None:
        """Write `stage`."""
        self._write("stage", stage=stage, planned=planned)

    def on_record(self, record: TrialRecord, progress: Progress) -> None:
        """Write `trial`."""
        self._write("trial", **record_json(record))

    def on_note(self, text: str) -> None:
        """Write `note`."""
        self._write("note", text=text)

    def on_finish(self, outcome: Outcome) -> None:
        """Write `outcome`."""
        self._write("outcome", **outcome_json(outcome))

    def on_report(self, best: Path, report: Path) -> None:
        """Do nothing: they lie in the folder that `start` names."""

    def _write(self, event: str, **data: Any) -> None:
        click.echo(json.dumps({"event": event, **data}, ensure_ascii=False))


def record_line(record: TrialRecord, progress: Progress) -> str:
    """Return a trial as one line: label, method, a score a task, objective, seconds, incumbent.

    A step down a gradient also tells its chain and its loss.
    """
    method = record.recipe.method if record.recipe else "-"
    chain = f", chain {record.step.chain}" if record.step else ""
    head = f"{record.label + chain:<24} {method:<15}"
    if isinstance(record, FailedTrial):
        return f"{head} failed: {record.result.failure}: {record.result.message}".rstrip()
    scored = record.result.scores.tasks
    names = short_names([t.task for t in scored])
    tasks = "  ".join(f"{n} {t.value:.3f}" for n, t in zip(names, scored, strict=True))
    value = "" if len(record.value) > 1 else f"  = {record.value[0]:.4f}"
    if record.step is not None:
        value += f"  loss {record.gradient.loss:.4f}" if record.gradient else "  no gradient"
    if record.twin is not None:
        return f"{head} {tasks}{value}  as {record.twin.stage} {record.twin.number}"
    best = "  *" if progress.incumbent is record else ""
    return f"{head} {tasks}{value}  {record.result.seconds.get('total', math.nan):.1f} s{best}"


def from_here(path: Path) -> str:
    """Return a path from here where that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def standing(progress: Progress) -> str:
    """Return where the search stands as one line."""
    line = f"{progress.stage} {progress.done}/{progress.planned}"
    if progress.failed:
        line += f", {progress.failed} failed"
    if progress.incumbent is not None and len(progress.incumbent.value) == 1:
        line += f"   best {progress.incumbent.value[0]:.4f} ({progress.incumbent.label})"
    if progress.stage == "search" and progress.done and progress.elapsed_s:
        left = progress.elapsed_s / progress.done * (progress.planned - progress.done)
        line += f"   about {left / 60:.0f} min left" if left > 90 else f"   about {left:.0f} s left"
    return line
