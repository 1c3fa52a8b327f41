"""Options that lay settings over: their bounds and help are the settings' own."""

from typing import Any

import click
import pytest
from click.testing import CliRunner

from evomerge.cli.overrides import SHORT, overrides_of, set_option, short_options
from evomerge.settings import Settings
from evomerge.space.reading.words import describe


@click.command()
@short_options
@set_option
def command(**options: Any) -> None:
    """Print what the options lay over."""
    click.echo(" ".join(overrides_of(options)))


@pytest.mark.parametrize(
    ("words", "laid_over"),
    [
        ([], ""),
        (["--trials", "7", "--hours", "0.5"], "budget.trials=7 budget.hours=0.5"),
        (["--workers", "2", "--ray-address", "auto"], "workers.count=2 workers.ray_address=auto"),
        (["--trials", "7", "--set", "name=x"], "name=x budget.trials=7"),
    ],
)
def test_short_options_stand_for_set(words: list[str], laid_over: str) -> None:
    assert CliRunner().invoke(command, words).output.strip() == laid_over


@pytest.mark.parametrize("words", [["--trials", "0"], ["--hours", "0"], ["--workers", "-1"]])
def test_bounds_are_the_settings_own(words: list[str]) -> None:
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 2
    assert f"Invalid value for '{words[0]}'" in done.output


def test_help_is_the_settings_own() -> None:
    output = " ".join(CliRunner().invoke(command, ["--help"]).output.split())
    for setting in describe(Settings):
        if setting.key in SHORT.values():
            assert setting.help in output
