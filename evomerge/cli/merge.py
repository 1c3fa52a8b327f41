"""`evomerge merge`: a recipe becomes a model folder."""

from pathlib import Path

import click


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
    from evomerge.files import adapters_dir
    from evomerge.methods.table import MERGEKIT
    from evomerge.space.reading.recipe_file import read_recipe
    from evomerge.zoo import locate

    read = read_recipe(recipe, None if plugins else MERGEKIT)
    locations = {reference: locate(reference) for reference in read.recipe.models}

    from evomerge.merge.disk import merge_to_disk
    from evomerge.merge.mergekit.plugins import import_plugin
    from evomerge.preflight.checks import check_merge

    methods = MERGEKIT
    for plugin in plugins:
        methods = methods.with_plugin(import_plugin(plugin), str(plugin.resolve()))
    check_merge(read.recipe, locations, where=str(recipe))
    made = merge_to_disk(
        read.recipe,
        locations,
        out,
        adapters_dir(),
        device=device,
        force=force,
        notes=read.origin,
        methods=methods,
    )
    click.echo(f"merged into {made}")
