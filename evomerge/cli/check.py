"""`evomerge check`: every mistake in a space at once, or what a search of it would draw."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from evomerge.cli.overrides import set_option
from evomerge.preflight.locating import locations
from evomerge.preflight.memory import Estimate, estimate
from evomerge.preflight.outlines import unfolded
from evomerge.preflight.workload import differentiated, documents
from evomerge.search.samples import sample_recipes
from evomerge.space.advice import notes
from evomerge.space.domains import Parameter
from evomerge.space.reading.expanded import expanded_text
from evomerge.space.reading.load import load_space
from evomerge.space.space import Space

_SHOWN = 24
"""Lines of a sample recipe that has a value for each layer or tensor."""
_MANY = "how many is unknown"


@click.command("check")
@click.argument("space", type=click.Path(path_type=Path))
@set_option
@click.option("--samples", default=3, show_default=True, help="Sample recipes to show.")
@click.option("--expand", is_flag=True, help="Print the space with its shorthand written out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    space: Path, overrides: tuple[str, ...], samples: int, expand: bool, as_json: bool
) -> None:
    """Show every mistake in SPACE at once, or its parameters and sample recipes."""
    read = load_space(space, overrides)
    found = locations(read)
    if expand:
        click.echo(expanded_text(read), nl=False)
        return
    read = unfolded(read, found, fetch=False)
    recipes = [recipe.to_yaml() for recipe in sample_recipes(read, samples)]
    if as_json:
        click.echo(json.dumps(_summary(read, recipes, found), indent=1))
        return
    _print(read, recipes, found)


def _memory(space: Space, found: Estimate) -> str:
    if missing := found.files.unknown:
        return f"unknown: {len(missing)} of {len(space.references)} models are not here yet"
    return f"{found}; prompts of over 64 tokens, stacks and mixtures of experts take more"


def _summary(space: Space, recipes: list[str], found: dict[str, str]) -> dict[str, Any]:
    return {
        "name": space.name,
        "recipes": [template.label for template in space.templates],
        "tasks": {t.task: {"metric": t.metric, "weight": t.weight} for t in space.evaluate.tasks},
        "objective": space.objective,
        "sampler": space.search.sampler,
        "trials": space.budget.trials,
        "dimensions": len(space.parameters()),
        "parameters": {p.name: p.range_text() for p in space.parameters()},
        "documents": documents(space),
        "differentiated": differentiated(space),
        "weights_bytes": estimate(space, found).files.total,
        "memory_bytes": estimate(space, found).total,
        "notes": notes(space),
        "samples": recipes,
    }


def _print(space: Space, recipes: list[str], found: dict[str, str]) -> None:
    parameters = space.parameters()
    tasks = ", ".join(
        f"{t.task} ({t.metric}{f', weight {t.weight:g}' if t.weight != 1 else ''})"
        for t in space.evaluate.tasks
    )
    labels = ", ".join(t.label for t in space.templates)
    click.echo(f"{space.path.name}: no mistakes found")
    click.echo(f"  recipes     {labels}")
    click.echo(f"  models      {', '.join(space.references)}")
    click.echo(f"  tasks       {tasks}")
    click.echo(f"  objective   {space.objective}")
    least = "" if all(p.of is None or p.of.known for p in parameters) else "at least "
    click.echo(f"  dimensions  {least}{len(parameters)}")
    click.echo(f"  sampler     {space.search.sampler}, seed {space.search.seed}")
    hours = f" or {space.budget.hours:g} h" if space.budget.hours else ""
    click.echo(f"  budget      {space.budget.trials} trials{hours}")
    counts = ", ".join(f"{count:,} {name}" for name, count in documents(space).items())
    click.echo(f"  documents   {counts}, to score in all, failures and doubles not counted")
    if steps := differentiated(space):
        click.echo(
            f"              {steps:,} of the quick ones differentiated too, at up to 3.5 times "
            "the forward passes"
        )
    click.echo(f"  memory      {_memory(space, estimate(space, found))}")
    for note in notes(space):
        click.echo(f"  note        {note}")
    if lines := _lines(parameters):
        width = max(len(name) for name, _, _ in lines)
        click.echo("\nparameters")
        for name, kind, text in lines:
            click.echo(f"  {name:{width}}  {kind:6}  {text}")
    for number, recipe in enumerate(recipes, 1):
        click.echo(f"\nsample recipe {number}")
        shown, left = recipe.splitlines(), 0
        if any(parameter.of for parameter in parameters):
            shown, left = shown[:_SHOWN], len(shown[_SHOWN:])
        click.echo("\n".join(f"  {line}" for line in shown))
        if left:
            click.echo(f"  # and {left} lines more; --json has them all")


def _lines(parameters: Sequence[Parameter]) -> list[tuple[str, str, str]]:
    """Return name, kind and range of the parameters; those of a hole for `each` on one line."""
    counts = Counter(parameter.of for parameter in parameters)
    lines = []
    for parameter in parameters:
        name, text = parameter.name, parameter.range_text()
        if parameter.of is not None:
            name, count = parameter.of.path, counts.pop(parameter.of, 0)
            numbers = f"{count} numbers" if parameter.of.known else _MANY
            text = f"{parameter.of.words}: {numbers}" if count else ""
        if text:
            lines.append((name, parameter.kind, text))
    return lines
