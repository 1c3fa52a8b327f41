"""`evomerge search`: the main job."""

import shlex
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from evomerge import zoo
from evomerge.cli.overrides import overrides_of, set_option, short_options
from evomerge.cli.zoo import make_missing
from evomerge.errors import InputError
from evomerge.files import adapters_dir, cache_dir
from evomerge.preflight.checks import check_search
from evomerge.preflight.locating import locations
from evomerge.preflight.unchanged import check_unchanged
from evomerge.space.reading.expanded import expanded
from evomerge.space.reading.load import load_space
from evomerge.space.reading.yaml import write_yaml
from evomerge.space.space import Space


@click.command("search")
@click.argument("space", type=click.Path(path_type=Path))
@short_options
@click.option("--resume", is_flag=True, help="Go on with the run, or start it.")
@click.option("--new", is_flag=True, help="Start afresh; the run that is there is kept beside it.")
@click.option("--dry-run", is_flag=True, help="Check everything, print the full space, stop.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@set_option
@click.option(
    "--runs-dir",
    default="runs",
    show_default=True,
    type=click.Path(path_type=Path),
)
def command(space: Path, runs_dir: Path, as_json: bool, dry_run: bool, **options: Any) -> None:
    """Search SPACE for the best merge, and judge what was found."""
    if options["resume"] and options["new"]:
        raise InputError("--resume and --new exclude each other", where="evomerge search")
    read = load_space(space, overrides_of(options))
    found = locations(read)
    if dry_run:
        _dry_run(read, found, expanded(read))
        return
    make_missing(list(found), quiet=as_json)
    _search(read, found, runs_dir, as_json, options)


def _dry_run(space: Space, locations: dict[str, str], document: dict[str, Any]) -> None:
    """Check what can be checked without merging, and print the space as it is understood."""
    missing = zoo.missing(locations)
    state = "all checks passed"
    if missing:
        state = f"models and tasks unchecked until `evomerge zoo make {' '.join(missing)}`"
    else:
        check_search(space, locations, _warn)
    click.echo(write_yaml(document).rstrip())
    click.echo(
        f"# {len(space.parameters())} dimensions, {len(space.references)} models, "
        f"{space.budget.trials} trials: {state}"
    )


def _search(
    space: Space, locations: dict[str, str], runs_dir: Path, as_json: bool, options: dict[str, Any]
) -> None:
    from evomerge.cli.console import JsonConsole, LiveConsole, PlainConsole
    from evomerge.files import write_whole
    from evomerge.report.files import RESUME, write_report
    from evomerge.search.driver import run_search
    from evomerge.search.run import Run
    from evomerge.tracking.tracker import Tracker
    from evomerge.workers import open_pool
    from evomerge.workers.spec import worker_spec

    check_search(space, locations, _warn)
    resume = _resume_command(overrides_of(options), space, runs_dir)
    with ExitStack() as stack:
        pool = open_pool(worker_spec(space, locations, str(cache_dir())), _warn)
        stack.callback(pool.close)
        run = stack.enter_context(
            Run.open(space, runs_dir, resume=options["resume"], new=options["new"])
        )
        check_unchanged(run.folder, {r: locations[r] for r in space.references})
        write_whole(run.folder / RESUME, resume + "\n")
        console: JsonConsole | PlainConsole = PlainConsole(resume)
        if as_json:
            console = JsonConsole()
        elif sys.stdout.isatty():
            console = LiveConsole(resume)
            stack.callback(console.stop)
        tracker = Tracker(runs_dir, _warn)
        stack.callback(tracker.close)
        try:
            outcome = run_search(run, pool, [console, tracker])
        except KeyboardInterrupt:
            if isinstance(console, LiveConsole):
                console.stop()
            click.echo(f"\ninterrupted; nothing is lost. Go on with: {resume}", err=True)
            sys.exit(130)
        best = write_report(run.folder, outcome, space, locations, adapters_dir())
        tracker.artifacts([best, run.folder / "report.md"])
        if not as_json:
            click.echo(f"\nbest recipe  {_short(best)}")
            click.echo(f"report       {_short(best.with_name('report.md'))}")
            click.echo(f"merge it     evomerge merge {_short(best)} -o merged/")
            click.echo(f"dashboard    {tracker.how_to_open()}")


def _warn(text: str) -> None:
    click.echo(f"warning: {text}", err=True)


def _resume_command(overrides: list[str], space: Space, runs_dir: Path) -> str:
    words = ["evomerge", "search", _short(space.path), "--resume"]
    for override in overrides:
        words += ["--set", override]
    if runs_dir != Path("runs"):
        words += ["--runs-dir", str(runs_dir)]
    return shlex.join(words)


def _short(path: Path) -> str:
    """Return a path from here where that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
