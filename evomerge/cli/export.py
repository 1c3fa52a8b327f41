"""`evomerge export`: a run's best recipe as plain mergekit YAML."""

import re
from pathlib import Path

import click

from evomerge.errors import EvomergeError, InputError, PlatformError
from evomerge.files import adapters_dir, write_whole
from evomerge.recipe.recipe import Recipe
from evomerge.report.files import recipe_yaml
from evomerge.search.best import best_record
from evomerge.search.ranking import pareto_front
from evomerge.search.record import FailedTrial, TrialRecord
from evomerge.search.run import read_run
from evomerge.zoo import locate


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
    folder = run_folder(run, runs_dir)
    space, study = read_run(folder)
    locations = {reference: locate(reference) for reference in space.references}

    def text(recipe: Recipe, record: TrialRecord, file: str) -> str:
        return recipe_yaml(recipe, record, space, locations, lora_cache=adapters_dir(), file=file)

    if pareto and space.objective != "pareto":
        raise InputError(
            f"the run's objective is {space.objective}: it has one best recipe, not a front",
            where=str(folder),
            help="leave --pareto out, or search with objective: pareto",
        )
    if pareto:
        front = pareto_front([*study.records("generation0"), *study.records("search")])
        if not front:
            raise EvomergeError("no trial has succeeded yet", where=str(folder))
        target = out or Path(f"{space.name}-pareto")
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PlatformError(
                f"cannot be made: {error.strerror}",
                where=str(target),
                help="-o names a folder with --pareto",
            ) from None
        for one in front:
            path = target / f"{re.sub(r'[^a-zA-Z0-9.]+', '-', one.label)}.yaml"
            write_whole(path, text(one.recipe, one, path.name))
            click.echo(f"{path}")
        return
    record: TrialRecord | None = best_record(study, space)
    if trial is not None:
        record = _trial(study.records("search"), trial, folder)
    if record is None:
        raise EvomergeError("no trial has succeeded yet", where=str(folder))
    if record.recipe is None:
        raise InputError(
            f"trial {record.number} has no recipe: {record.result.message}", where=str(folder)
        )
    if isinstance(record, FailedTrial):
        click.echo(f"warning: {record.label} failed: {record.result.failure}", err=True)
    if out is None:
        click.echo(text(record.recipe, record, "best.yaml"), nl=False)
        return
    write_whole(out, text(record.recipe, record, out.name))
    click.echo(f"{record.label} of {space.name}: {out}", err=True)


def run_folder(run: str, runs_dir: Path) -> Path:
    """Return the folder of a run, given as its name or as the folder itself."""
    given = Path(run)
    return given if given.is_dir() or len(given.parts) > 1 else runs_dir / run


def _trial(records: list[TrialRecord], number: int, folder: Path) -> TrialRecord:
    found = next((r for r in records if r.number == number), None)
    if found is None:
        known = f"0 to {records[-1].number}" if records else "none yet"
        raise InputError(f"no trial {number}", where=str(folder), help=f"trials: {known}")
    return found
