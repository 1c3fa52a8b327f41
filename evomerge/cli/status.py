"""`evomerge status`: where runs stand, and how to resume them."""

from pathlib import Path

import click

from evomerge.api.runs import run_folder
from evomerge.errors import EvomergeError
from evomerge.report.files import RESUME
from evomerge.search.finals.best import best_record
from evomerge.search.records.record import FailedTrial
from evomerge.search.records.run import is_running, read_run


@click.command("status")
@click.argument("run", required=False)
@click.option("--runs-dir", default="runs", show_default=True, type=click.Path(path_type=Path))
def command(run: str | None, runs_dir: Path) -> None:
    """Show where RUN stands, or every run."""
    if run is not None:
        _show(run_folder(run, runs_dir))
        return
    folders = sorted(path.parent for path in runs_dir.glob("*/space.yaml"))
    if not folders:
        click.echo(f"no runs in {runs_dir}; start one: evomerge search SPACE")
    for folder in folders:
        try:
            _show(folder)
        except EvomergeError as error:
            click.echo(f"{folder.name}: cannot be read: {error}")


def _show(folder: Path) -> None:
    space, study = read_run(folder)
    records = study.records("search")
    failed = sum(isinstance(record, FailedTrial) for record in records)
    finished = study.winner is not None
    state = "running" if is_running(folder) else "finished" if finished else "interrupted"
    if folder.name != space.name:
        state = "set aside"  # by --new; its name belongs to another run now
    click.echo(f"{folder.name}: {state}")
    click.echo(f"  trials     {len(records)} of {space.budget.trials}, {failed} failed")
    best = best_record(study, space)
    if best is not None:
        value = ", ".join(f"{v:.4f}" for v in best.value)
        click.echo(f"  best       {value} on {best.documents} documents ({best.label})")
    reported = (folder / "best.yaml").exists()
    if state == "interrupted" or (state == "finished" and not reported):
        command_file = folder / RESUME
        again = f"evomerge search {space.path} --resume"
        click.echo(f"  resume     {_first_line(command_file) or again}")
    for name, file in (("recipe", "best.yaml"), ("report", "report.md")):
        if finished and (folder / file).exists():
            click.echo(f"  {name}     {folder / file}")


def _first_line(file: Path) -> str:
    return file.read_text().strip() if file.exists() else ""
