"""`evomerge export`: a run's best recipe as plain mergekit YAML."""

import re
from pathlib import Path

import click

from evomerge.api.runs import OpenRun, open_run
from evomerge.errors import InputError
from evomerge.files import platform_errors, write_whole
from evomerge.search.records.record import FailedTrial


@click.command("export")
@click.argument("run")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="File to write, or folder with --pareto."
)
@click.option("--trial", type=click.IntRange(0), help="This trial of the search, not the best.")
@click.option("--pareto", is_flag=True, help="Every recipe of the Pareto front, into a folder.")
@click.option("--runs-dir", default="runs", show_default=True, type=click.Path(path_type=Path))
def command(run: str, out: Path | None, trial: int | None, pareto: bool, runs_dir: Path) -> None:
    """Write the best recipe of RUN, a name under runs/ or a folder, as mergekit YAML."""
    if pareto and trial is not None:
        raise InputError("--pareto and --trial exclude each other", where="evomerge export")
    opened = open_run(run, runs_dir)
    if pareto:
        _export_front(opened, out or Path(f"{opened.space.name}-pareto"))
        return
    record = opened.best if trial is None else opened.trial(trial)
    text = opened.export(record, file=out.name if out else "best.yaml")
    if isinstance(record, FailedTrial):
        failure = record.result.failure
        click.echo(f"warning: {record.label} failed: {failure}: {failure.cause}", err=True)
    if out is None:
        click.echo(text, nl=False)
        return
    write_whole(out, text)
    click.echo(f"{record.label} of {opened.space.name}: {out}", err=True)


def _export_front(opened: OpenRun, folder: Path) -> None:
    front = opened.front
    with platform_errors(folder, "cannot be made", help="-o names a folder with --pareto"):
        folder.mkdir(parents=True, exist_ok=True)
    for one in front:
        path = folder / f"{re.sub(r'[^a-zA-Z0-9.]+', '-', one.label)}.yaml"
        write_whole(path, opened.export(one, file=path.name))
        click.echo(f"{path}")
