"""`evomerge merge`: a recipe becomes a model folder."""

from pathlib import Path

import click

from evomerge.errors import InputError, TrialError, did_you_mean


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
    from evomerge.recipe.recipe import Recipe
    from evomerge.space.reading.experts import check_moe, is_moe
    from evomerge.space.reading.yaml import read_marked, read_text
    from evomerge.zoo import locate

    text = read_text(recipe)
    marked = read_marked(text, recipe)
    document = marked.value
    if not is_moe(document) and (not isinstance(document, dict) or "merge_method" not in document):
        space = isinstance(document, dict) and "recipes" in document
        raise InputError(
            "this is no recipe: it has no merge_method",
            where=str(recipe),
            help=f"this is a search space: evomerge search {recipe}" if space else "",
        )
    if not is_moe(document) and not plugins and document["merge_method"] not in MERGEKIT:
        name = str(document["merge_method"])
        raise InputError(
            f"unknown merge method {name!r}",
            where=marked.where(("merge_method",)),
            help=did_you_mean(name, MERGEKIT),
        )
    try:
        point = Recipe.from_document(document)
    except (ValueError, TypeError) as error:
        raise InputError(f"no recipe can hold this: {error}", where=str(recipe)) from None
    locations = {reference: locate(reference) for reference in point.models}

    from evomerge.merge.disk import merge_to_disk
    from evomerge.merge.mergekit.configuration import configuration
    from evomerge.merge.mergekit.plugins import import_plugin
    from evomerge.merge.models.compatibility import check_parents

    methods = MERGEKIT
    for plugin in plugins:
        methods = methods.with_plugin(import_plugin(plugin), str(plugin.resolve()))

    try:
        check_moe(document) if is_moe(document) else configuration(point)
    except TrialError as error:
        raise InputError(
            f"mergekit does not take this recipe: {error}", where=str(recipe)
        ) from None

    check_parents(
        locations,
        slices="slices" in document,
        own_tokenizers=bool(document.get("tokenizer_source") or document.get("tokenizer")),
    )
    made = merge_to_disk(
        point,
        locations,
        out,
        adapters_dir(),
        device=device,
        force=force,
        notes=_notes(text),
        methods=methods,
    )
    click.echo(f"merged into {made}")


def _notes(text: str) -> list[str]:
    """Return what the header of an exported recipe says of its origin, for the model's folder."""
    header = [line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#")]
    notes = header[: header.index("")] if "" in header else []
    return [line.replace("evomerge recipe", "exported as recipe") for line in notes]
