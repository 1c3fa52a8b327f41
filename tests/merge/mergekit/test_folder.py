"""A folder as `mergekit-yaml` leaves it."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from evomerge.merge.export import export_yaml
from evomerge.merge.mergekit.configuration import configuration, locate, options
from evomerge.merge.mergekit.folder import model_card, write_model
from evomerge.recipe.recipe import Recipe


def test_the_same_files_as_mergekits_command(
    make: SimpleNamespace,
    locations: dict[str, str],
    tmp_path: Path,
    run_exported: Callable[[str, Path], Path],
) -> None:
    recipe = Recipe.from_document(make.weighted("linear", chat_template="chatml"))
    theirs = run_exported(export_yaml(recipe, locations), tmp_path / "theirs")
    located = locate(recipe, locations)
    write_model(configuration(located), options(located, ""), tmp_path)
    names = {file.name for file in theirs.iterdir()} - {"README.md", "mergekit_config.yml"}
    for name in names:
        assert (tmp_path / name).read_bytes() == (theirs / name).read_bytes(), name
    card = model_card(located, "a recipe", "my-merge")
    assert "# my-merge" in card and "a recipe" in card and locations["a"] in card
