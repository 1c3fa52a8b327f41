"""Options that lay settings over a space: `--set`, and short ones for some settings."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from evomerge.settings import Settings
from evomerge.space.reading.words import Schema, describe

_Command = TypeVar("_Command", bound=Callable[..., Any])

SHORT = {
    "trials": "budget.trials",
    "hours": "budget.hours",
    "workers": "workers.count",
    "ray_address": "workers.ray_address",
}
"""Short option → the setting that it stands for, which says its bounds and its help."""

set_option = click.option(
    "--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Lay a setting over."
)


def short_options(command: _Command) -> _Command:
    """Give a command the options of `SHORT`."""
    settings = {one.key: one for one in describe(Settings)}
    for name, path in reversed(SHORT.items()):
        option = click.option(
            f"--{name.replace('_', '-')}",
            type=_type(settings[path].schema),
            metavar="HOST:PORT|auto" if name == "ray_address" else None,
            help=settings[path].help,
        )
        command = option(command)
    return command


def overrides_of(options: Mapping[str, Any]) -> list[str]:
    """Return what `--set` and the short options lay over, as `--set` would say it.

    Args:
        options: The command's options by name; `overrides` are those of `--set`.
    """
    short = [f"{path}={options[key]}" for key, path in SHORT.items() if options[key] is not None]
    return [*options["overrides"], *short]


def _type(schema: Schema) -> click.ParamType[Any]:
    """Return the type of an option that takes what a JSON Schema allows, null aside."""
    found = next(one for one in schema.get("anyOf", [schema]) if one["type"] != "null")
    if found["type"] == "integer":
        return click.IntRange(found["minimum"])
    if found["type"] == "number":
        return click.FloatRange(found["exclusiveMinimum"], min_open=True)
    return click.STRING
