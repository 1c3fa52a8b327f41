"""`evomerge schema`: a JSON Schema of space files."""

import json

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of space files, for completion in editors."""
    from evomerge.space.reading.schema import schema

    click.echo(json.dumps(schema(), indent=1, ensure_ascii=False))
