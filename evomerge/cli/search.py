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
from evomerge.preflight.checks import check_search
from evomerge.preflight.locating import locations
from evomerge.preflight.outlines import unfolded
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
    _search(read, runs_dir, as_json, options)


def _dry_run(space: Space, locations: dict[str, str], document: dict[str, Any]) -> None:
    """Check what can be checked without merging, and print the space as it is understood."""
    missing = zoo.missing(locations)
    state = "all checks passed"
    if missing:
        state = f"models and tasks unchecked until `evomerge zoo make {' '.join(missing)}`"
    else:
        check_search(space, locations, _warn)
    space = unfolded(space, locations, fetch=not missing)
    click.echo(write_yaml(document).rstrip())
    click.echo(
        f"# {len(space.parameters())} dimensions, {len(space.references)} models, "
        f"{space.budget.trials} trials: {state}"
    )


def _search(space: Space, runs_dir: Path, as_json: bool, options: dict[str, Any]) -> None:
    from evomerge.api.searches import run_search
    from evomerge.cli.console import JsonConsole, LiveConsole, PlainConsole

    resume = _resume_command(overrides_of(options), space, runs_dir)
    console: JsonConsole | PlainConsole = PlainConsole(space, resume)
    with ExitStack() as stack:
        if as_json:
            console = JsonConsole()
        elif sys.stdout.isatty():
            console = LiveConsole(space, resume)
            stack.callback(console.stop)
        try:
            found = run_search(
                space,
                runs_dir=runs_dir,
                resume=options["resume"],
                new=options["new"],
                listeners=[console],
                warn=_warn,
                resume_with=resume,
            )
        except KeyboardInterrupt:
            if not console.begun:
                raise
            stack.close()
            click.echo(f"\ninterrupted; nothing is lost. Go on with: {resume}", err=True)
            sys.exit(130)
    if not as_json:
        command, *page = found.dashboard.splitlines()
        click.echo("\n".join([f"dashboard    {command}", *(f"{'':13}{line}" for line in page)]))


def _warn(text: str) -> None:
    click.echo(f"warning: {text}", err=True)


def _resume_command(overrides: list[str], space: Space, runs_dir: Path) -> str:
    from evomerge.cli.console import from_here

    words = ["evomerge", "search", from_here(space.path), "--resume"]
    for override in overrides:
        words += ["--set", override]
    if runs_dir != Path("runs"):
        words += ["--runs-dir", str(runs_dir)]
    return shlex.join(words)
