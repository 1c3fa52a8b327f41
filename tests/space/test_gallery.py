"""Every space in search_spaces/ can be read and gives valid recipes."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from evomerge.cli.check import command
from evomerge.space.load import load_space

GALLERY = sorted((Path(__file__).parents[2] / "search_spaces").glob("*.yaml"))


def test_there_is_a_gallery() -> None:
    assert "quickstart" in [path.stem for path in GALLERY]


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_space_opens_with_its_purpose_and_can_be_read(path: Path) -> None:
    assert path.read_text().startswith("# ")
    assert load_space(path).parameters()


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_check_shows_sample_recipes(path: Path) -> None:
    done = CliRunner().invoke(command, [str(path)])
    assert done.exit_code == 0, done.output
    assert "sample recipe 3" in done.output
