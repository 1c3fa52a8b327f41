"""Every space in search_spaces/ can be read and gives valid recipes."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from evomerge.cli.check import command
from evomerge.errors import Failure, TrialError
from evomerge.recipe.recipe import Recipe
from evomerge.space.reading.load import load_space

from .examples import Drawn

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


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
@settings(max_examples=30)
@given(data=st.data())
def test_any_point_is_a_recipe_and_survives_yaml(path: Path, data: st.DataObject) -> None:
    space = load_space(path)
    params = space.suggest(Drawn(data))
    assert params.keys() <= {p.name for p in space.parameters()}
    try:
        recipe = space.recipe(params)
    except TrialError as error:
        assert error.failure is Failure.INVALID_RECIPE
        assert path.stem == "frankenmerge", error  # the others hold no point that cannot be merged
        return
    assert Recipe.from_yaml(recipe.to_yaml()) == recipe
    assert space.recipe(dict(reversed(params.items()))).recipe_id == recipe.recipe_id
