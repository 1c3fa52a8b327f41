"""`evomerge init`: a commented space for some models."""

from pathlib import Path

import click

from evomerge.errors import InputError


@click.command("init")
@click.argument("models", nargs=-1, required=True)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="File to write.")
@click.option(
    "--task", "tasks", multiple=True, metavar="TASK:METRIC", help="lm-eval task to score."
)
@click.option("--task-path", help="Folder of lm-eval task YAML of your own.")
def command(
    models: tuple[str, ...], out: Path | None, tasks: tuple[str, ...], task_path: str | None
) -> None:
    """Write a commented space for MODELS: folders, hub ids, adapters, zoo models.

    Architecture and base model are found from their files.
    """
    if out is not None and out.exists():
        raise InputError("the file is there already", where=str(out), help="name another one")
    pairs = [_task(text) for text in tasks]

    from evomerge.files import write_whole
    from evomerge.report.starter import starter

    text = starter(models, (out or Path("search")).stem, pairs, task_path)
    if out is None:
        click.echo(text, nl=False)
        return
    write_whole(out, text)
    click.echo(f"{out}: see what it will search with: evomerge check {out}", err=True)


def _task(text: str) -> tuple[str, str]:
    task, _, metric = text.partition(":")
    if not task or not metric:
        raise InputError(f"not of the form TASK:METRIC: {text}", where="--task")
    return task, metric
