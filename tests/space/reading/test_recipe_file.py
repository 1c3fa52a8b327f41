"""A recipe file is read, or said to be none."""

from pathlib import Path

import pytest

from evomerge.errors import InputError
from evomerge.space.reading.recipe_file import read_recipe

RECIPE = "merge_method: linear\nmodels: [{model: a}, {model: b}]\nparameters: {weight: 1}\n"


def read(folder: Path, text: str, methods: list[str] | None = None) -> object:
    (folder / "recipe.yaml").write_text(text)
    return read_recipe(folder / "recipe.yaml", methods)


def test_an_exported_recipe_keeps_its_origin(tmp_path: Path) -> None:
    header = "# evomerge recipe 1234\n# run toy, trial 3\n#\n# merge it with: …\n"
    (tmp_path / "recipe.yaml").write_text(header + RECIPE)
    found = read_recipe(tmp_path / "recipe.yaml", ["linear"])
    assert found.recipe.document["models"] == [{"model": "a"}, {"model": "b"}]
    assert found.origin == ("exported as recipe 1234", "run toy, trial 3")
    (tmp_path / "recipe.yaml").write_text("# my own\n" + RECIPE)
    assert read_recipe(tmp_path / "recipe.yaml", ["linear"]).origin == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models: [a]\n", "recipe.yaml: this is no recipe: it has no merge_method"),
        ("recipes: []\n", "this is a search space: evomerge search"),
        ("[1, 2]\n", "this is no recipe"),
        (RECIPE.replace("linear", "linaer"), "yaml:1:15: unknown merge method 'linaer'. help: did"),
        (RECIPE.replace("weight: 1", "weight: .nan"), "no recipe can hold this"),
    ],
)
def test_mistakes(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text, ["linear"])
    assert message in str(caught.value)


def test_plugins_may_bring_any_method(tmp_path: Path) -> None:
    assert read(tmp_path, RECIPE.replace("linear", "mine"), None)
