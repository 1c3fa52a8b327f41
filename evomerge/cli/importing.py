"""`evomerge import`: a mergekit-evolve configuration becomes a space."""

from pathlib import Path

import click

from evomerge.errors import InputError
from evomerge.files import write_whole


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="File to write.")
@click.option("--layers", type=click.IntRange(1), help="Depth of the models, if not found.")
def command(file: Path, out: Path | None, layers: int | None) -> None:
    """Turn FILE, a mergekit-evolve configuration, into a space."""
    from evomerge.preflight.locating import depth_of
    from evomerge.space.reading.evolve import models_of, space_of_evolve
    from evomerge.space.reading.yaml import read_marked, read_text, write_yaml

    text = read_text(file)
    marked = read_marked(text, file)
    space, notes = space_of_evolve(marked, layers or depth_of(models_of(marked.value)))
    space["name"] = (out or file).stem
    comments = [f"From {file.name}, a mergekit-evolve configuration.", *notes]
    written = "".join(f"# {line}\n" for line in comments) + write_yaml(space)
    if out is None:
        click.echo(written, nl=False)
        return
    if out.exists():
        raise InputError("the file is there already", where=str(out), help="name another one")
    write_whole(out, written)
    click.echo(f"{out}: check it with: evomerge check {out}", err=True)
