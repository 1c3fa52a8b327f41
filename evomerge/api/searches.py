"""A whole search, from its checks to the report: what `evomerge search` runs, and a script can."""

import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from evomerge import zoo
from evomerge.files import adapters_dir, cache_dir, write_whole
from evomerge.preflight.checks import check_search
from evomerge.preflight.locating import locations
from evomerge.preflight.outlines import unfolded
from evomerge.preflight.unchanged import check_unchanged
from evomerge.quiet import hush
from evomerge.report.files import RESUME, write_report
from evomerge.search.driver import run_search as search_and_judge
from evomerge.search.events import Callback, Listener, Progress
from evomerge.search.finals.outcome import Outcome
from evomerge.search.records.record import TrialRecord
from evomerge.search.records.run import Run
from evomerge.space.space import Space
from evomerge.workers import open_pool
from evomerge.workers.spec import worker_spec

OnTrial = Callable[[TrialRecord, Progress], None]


@dataclass(frozen=True)
class Finished:
    """A search that has come to its end.

    Args:
        outcome: Winner, comparisons and verdict.
        folder: The run's folder; `open_run` reads it.
        best: The winner as mergekit YAML.
        report: The table and the verdict, as Markdown.
        dashboard: The command that starts MLflow's dashboard, and on the next line the search's
            page; the page alone where a server runs.
    """

    outcome: Outcome
    folder: Path
    best: Path
    report: Path
    dashboard: str


def run_search(
    space: Space,
    *,
    runs_dir: str | PathLike[str] = "runs",
    resume: bool = False,
    new: bool = False,
    on_trial: OnTrial | None = None,
    listeners: Sequence[Listener] = (),
    warn: Callable[[str], None] = warnings.warn,
    resume_with: str = "evomerge.run_search(space, resume=True)",
) -> Finished:
    """Search a space until its budget is spent, and judge what was found.

    Every trial is in the run's folder before the next one is told of: whatever ends the process,
    a call with `resume=True` goes on. Zoo models that are missing are made first.

    Args:
        space: What `read_space` gives.
        runs_dir: Folder of all runs; the run is the folder in it that has the space's name, and
            MLflow's database lies beside it.
        resume: Go on with the run that is there, or start if there is none.
        new: Start afresh; the run that is there is kept beside it.
        on_trial: Called after every trial of every stage, with the trial and where the search
            stands.
        listeners: Who hears of more than that.
        warn: Told in plain words what is slow or cannot be written.
        resume_with: What resumes the run, as `evomerge status` shows it.

    Raises:
        InputError: Models, recipes or tasks are wrong.
        PlatformError: The machine stands in the way: memory, a GPU, a full disk.
        RunConflict: A run of that name is there and neither `resume` nor `new` was given, it
            searches another space, or another process is at it.
        EvomergeError: Nothing could be scored.
        KeyboardInterrupt: Interrupted; what ran has been recorded.
    """
    hush(load=True)
    from evomerge.tracking.tracker import Tracker  # MLflow reads its environment as it loads

    found = locations(space)
    for family in zoo.missing(found):
        zoo.make(family, lambda text, fraction: None)
    check_search(space, found, warn)
    space = unfolded(space, found)
    told = [*listeners, *([Callback(on_trial)] if on_trial else [])]
    with ExitStack() as stack:
        pool = open_pool(worker_spec(space, found, str(cache_dir())), warn)
        stack.callback(pool.close)
        run = stack.enter_context(Run.open(space, Path(runs_dir), resume=resume, new=new))
        check_unchanged(run.folder, {r: found[r] for r in space.references})
        write_whole(run.folder / RESUME, resume_with + "\n")
        tracker = Tracker(Path(runs_dir), warn)
        stack.callback(tracker.close)
        outcome = search_and_judge(run, pool, [*told, tracker])
        best = write_report(run.folder, outcome, space, found, adapters_dir())
        report = best.with_name("report.md")
        for listener in [*told, tracker]:
            listener.on_report(best, report)
    return Finished(outcome, run.folder, best, report, tracker.how_to_open())
