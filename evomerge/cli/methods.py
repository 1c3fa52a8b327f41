"""`evomerge methods`: mergekit's merge methods and their parameters."""

import json
from pathlib import Path

import click

from evomerge.errors import InputError, did_you_mean
from evomerge.methods.table import MERGEKIT, Method


@click.command("methods")
@click.argument("name", required=False)
@click.option(
    "--plugin",
    type=click.Path(path_type=Path),
    help="Print the table of this Python file's merge methods, for a space's plugins.",
)
def command(name: str | None, plugin: Path | None) -> None:
    """Show mergekit's merge methods, or the parameters of the one called NAME."""
    if plugin is not None:
        from evomerge.merge.mergekit.plugins import plugin_table

        click.echo(json.dumps(plugin_table(plugin, Path.cwd()), indent=1))
        return
    if name is None:
        for method in MERGEKIT.values():
            parameters = ", ".join(method.parameters) or "no parameters"
            click.echo(f"{method.name:17} {_models(method):24} {parameters}")
        return
    if name not in MERGEKIT:
        raise InputError(f"unknown merge method {name!r}", help=did_you_mean(name, MERGEKIT))
    method = MERGEKIT[name]
    click.echo(f"{method.name}: {method.pretty_name}")
    click.echo(f"  models     {_models(method)}")
    click.echo(f"  reference  {method.reference or 'none'}")
    for parameter in method.parameters.values():
        default = "required" if parameter.required else f"default {parameter.default}"
        where = "the whole merge" if parameter.scope == "shared" else "each model"
        searched = method.search_range(parameter.name) or "its default"
        shown = str(searched).replace("'", "")
        click.echo(
            f"  {parameter.name:18} {parameter.type:6} {where:16} {default:16} auto: {shown}"
        )


def _models(method: Method) -> str:
    low, high = method.min_inputs, method.max_inputs
    if method.min_non_base is not None:
        low, high = method.min_non_base, method.max_non_base
    if method.base_is_one_of_two:
        return "2 models, one the base"
    count = f"{low} models" if high == low else f"{low} or more models"
    if high is not None and high != low:
        count = f"{low} to {high} models"
    return count + {"required": " + base", "optional": " (+ base)"}.get(method.base, "")
