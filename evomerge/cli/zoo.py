"""`evomerge zoo`: make the local model families."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from evomerge import zoo
from evomerge.recipe.reference import ZooModel


@click.group("zoo", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List the local model families, or make one."""
    if ctx.invoked_subcommand is not None:
        return
    for name in zoo.FAMILIES:
        found = zoo.family(name)
        state = str(zoo.folder(found)) if zoo.is_made(name) else f"evomerge zoo make {name}"
        click.echo(f"{name:8} {found.summary}")
        models = [str(ZooModel(name, model)) for model in found.models]
        click.echo(f"         models  {', '.join(models)}")
        click.echo(f"         {'made in' if zoo.is_made(name) else 'make it'} {state}")


@command.command("make")
@click.argument("family")
@click.option("--force", is_flag=True, help="Make it again.")
def make_command(family: str, force: bool) -> None:
    """Make FAMILY, unless it is there."""
    with showing(f"zoo {family}") as progress:
        folder = zoo.make(family, progress, force=force)
    click.echo(f"zoo {family}: {folder}")


def make_missing(references: list[str], *, quiet: bool = False) -> None:
    """Make every zoo family that these references need and that is not there.

    Args:
        references: Model references and task folders.
        quiet: Show no progress.
    """
    for name in zoo.missing(references):
        if quiet:
            zoo.make(name, lambda text, fraction: None)
            continue
        with showing(f"zoo {name}") as progress:
            zoo.make(name, progress)


@contextmanager
def showing(title: str) -> Iterator[Callable[[str, float], None]]:
    """Show progress on the error stream: a bar on a terminal, a line each tenth elsewhere."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(title, total=1.0)
            yield lambda text, fraction: bar.update(
                task, description=f"{title}: {text}", completed=fraction
            )
        return
    shown = -1

    def line(text: str, fraction: float) -> None:
        nonlocal shown
        if int(fraction * 10) > shown:
            shown = int(fraction * 10)
            click.echo(f"{title}: {fraction:4.0%}  {text}", err=True)

    yield line
