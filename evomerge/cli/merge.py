"""`evomerge merge`: a recipe becomes a model folder."""

from pathlib import Path

import click

from evomerge.cli.zoo import make_missing
from evomerge.methods.table import MERGEKIT
from evomerge.space.reading.recipe_file import read_recipe


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path), help="The folder to make."
)
@click.option("--device", default="cpu", show_default=True, help="Where the arithmetic runs.")
@click.option(
    "--plugin",
    "plugins",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Python file that registers the recipe's merge method.",
)
@click.option("--force", is_flag=True, help="Replace a model folder that is there.")
def command(recipe: Path, out: Path, device: str, plugins: tuple[Path, ...], force: bool) -> None:
    """Merge RECIPE, a mergekit YAML, into a model folder with tokenizer and model card."""
    read = read_recipe(recipe, None if plugins else MERGEKIT)
    make_missing(list(read.recipe.models))
    from evomerge.api.models import merge_recipe

    made = merge_recipe(recipe, out, device=device, force=force, plugins=plugins)
    click.echo(f"merged into {made}")
