"""`evomerge export`: a run's best recipe as plain mergekit YAML."""

from pathlib import Path

import click

from evomerge.errors import EvomergeError, InputError
from evomerge.report.files import recipe_yaml, write_whole
from evomerge.search.best import best_record
from evomerge.search.finals import pareto_front
from evomerge.search.record import TrialRecord
from evomerge.search.run import read_run
from evomerge.zoo import cache_dir, locate


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
    folder = Path(run) if (Path(run) / "space.yaml").exists() else runs_dir / run
    space, study = read_run(folder)
    locations = {reference: locate(reference) for reference in space.references}

    def text(record: TrialRecord, file: str) -> str:
        return recipe_yaml(record, space, locations, lora_cache=cache_dir() / "adapters", file=file)

    if pareto:
        front = pareto_front(study.records("search"))
        if not front:
            raise EvomergeError("no trial has succeeded yet", where=str(folder))
        target = out or Path(f"{space.name}-pareto")
        target.mkdir(parents=True, exist_ok=True)
        for record in front:
            path = target / f"{record.label.replace(' ', '-')}.yaml"
            write_whole(path, text(record, path.name))
            click.echo(f"{path}")
        return
    record = (
        _trial(study.records("search"), trial, folder)
        if trial is not None
        else best_record(study, space)
    )
    if record is None:
        raise EvomergeError("no trial has succeeded yet", where=str(folder))
    if out is None:
        click.echo(text(record, "best.yaml"), nl=False)
        return
    write_whole(out, text(record, out.name))
    click.echo(f"{record.label} of {space.name}: {out}", err=True)


def _trial(records: list[TrialRecord], number: int, folder: Path) -> TrialRecord:
    found = next((r for r in records if r.number == number and r.recipe is not None), None)
    if found is None:
        known = f"0 to {records[-1].number}" if records else "none yet"
        raise InputError(
            f"no trial {number} with a recipe", where=str(folder), help=f"trials: {known}"
        )
    return found
