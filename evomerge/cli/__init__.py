"""The commands. The only place that prints or exits; each command is loaded when it is called."""

import sys
from collections.abc import Sequence
from importlib import import_module

import click

from evomerge import __version__
from evomerge.errors import EvomergeError, did_you_mean
from evomerge.quiet import own_process

_COMMANDS = {
    "search": "Search a space for the best merge: the main job.",
    "check": "Show every mistake in a space, or what it will search.",
    "init": "Write a commented space for some models.",
    "export": "Write a run's best recipe as mergekit YAML.",
    "merge": "Merge a recipe into a model folder.",
    "status": "Show where a run stands and how to resume it.",
    "import": "Turn a mergekit-evolve configuration into a space.",
    "schema": "Print the JSON Schema of space files, for editors.",
    "methods": "Show mergekit's merge methods and their parameters.",
    "zoo": "Make the local model families used for trying out and testing.",
}
_MODULES = {"import": "importing"}
"""Commands whose name Python keeps for itself."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            ctx.fail(f"no command {cmd_name!r}. help: {did_you_mean(cmd_name, _COMMANDS)}")
        module = _MODULES.get(cmd_name, cmd_name)
        command: click.Command = import_module(f"evomerge.cli.{module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 nothing succeeded, 2 bad input, 3 the machine stands in the way, "
    "4 run conflict, 130 interrupted.",
)
@click.version_option(__version__, prog_name="evomerge")
def group() -> None:
    """Search for the best merge of language models.

    Start with: evomerge search search_spaces/quickstart.yaml
    """


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line: `evomerge`, exiting with the code of the outcome."""
    own_process()
    try:
        group.main(args=args, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except EvomergeError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
