"""`evomerge import`: a mergekit-evolve configuration becomes a space."""

from pathlib import Path
from typing import Any

import click

from evomerge.errors import InputError
from evomerge.files import write_whole
from evomerge.recipe.reference import Reference
from evomerge.zoo import locate


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), help="File to write.")
@click.option("--layers", type=click.IntRange(1), help="Depth of the models, if not found.")
def command(file: Path, out: Path | None, layers: int | None) -> None:
    """Turn FILE, a mergekit-evolve configuration, into a space."""
    from evomerge.space.reading.evolve import space_of_evolve
    from evomerge.space.reading.yaml import read_marked, read_text, write_yaml

    text = read_text(file)
    marked = read_marked(text, file)
    space, notes = space_of_evolve(marked, layers or _depth(marked.value))
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


def _depth(document: Any) -> int | None:
    """Return the depth of the first model whose folder is here, or None."""
    import json

    genome = document.get("genome") if isinstance(document, dict) else None
    models = genome.get("models") if isinstance(genome, dict) else None
    for model in models if isinstance(models, list) else []:
        try:
            folder = Reference.parse(locate(str(model))).folder
            config = json.loads((folder / "config.json").read_text())
        except (OSError, ValueError, InputError):
            continue
        if isinstance(depth := config.get("num_hidden_layers"), int):
            return depth
    return None
