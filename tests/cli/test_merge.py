"""`evomerge merge`: a recipe becomes a model folder, or one line says why not."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from evomerge.cli.merge import command
from evomerge.errors import InputError
from evomerge.merge.export import export_yaml
from evomerge.merge.memory import InMemory
from evomerge.recipe.recipe import Recipe

from .conftest import Evomerge, invoke

RECIPE = {
    "merge_method": "dare_linear",
    "base_model": "base",
    "models": [{"model": m, "parameters": {"weight": 0.6, "density": 0.5}} for m in "abc"],
    "dtype": "float32",
}


def test_a_recipe_becomes_the_folder_that_was_scored(
    locations: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVOMERGE_CACHE", str(tmp_path / "cache"))
    recipe = Recipe.from_document(RECIPE)
    file, out = tmp_path / "best.yaml", tmp_path / "out"
    file.write_text(export_yaml(recipe, locations))
    assert invoke("merge", file, "-o", out).output == f"merged into {out}\n"
    merged = InMemory(locations, tmp_path).weights(recipe).tensors
    written = load_file(out / "model.safetensors")
    assert written.keys() == merged.keys()
    assert all(torch.equal(written[name], merged[name]) for name in merged)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no such file"),
        ("merge_method: [", "broken YAML"),
        ("- 1", "this is no recipe"),
        ("recipes: []", "evomerge search"),
        ("merge_method: linear\nmodels: [{model: /no/such/model}]", "no such folder"),
        ("merge_method: linear\nmodels: 7", "mergekit does not take this recipe"),
    ],
)
def test_bad_recipes(text: str | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InputError) as caught:
        command.main([str(file), "-o", str(tmp_path / "out")], standalone_mode=False)
    assert words in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_merging_what_cannot_be_merged(
    family: dict[str, Path], tmp_path: Path, evomerge: Evomerge
) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"merge_method: passthrough\nmodels: [{{model: {family['a']}}}]\n")
    if not torch.cuda.is_available():
        done = evomerge(["merge", recipe, "-o", "out", "--device", "cuda:0"], tmp_path)
        assert done.returncode == 3
        assert "a GPU was asked for, and torch finds none" in done.stderr
    done = evomerge(["merge", recipe, "-o", "out", "--device", "abacus"], tmp_path)
    assert done.returncode == 2
    assert "no device 'abacus'" in done.stderr
    recipe.write_text(recipe.read_text() + "parameters: {scale: .nan}\n")
    done = evomerge(["merge", recipe, "-o", "out"], tmp_path)
    assert done.returncode == 2
    assert "no recipe can hold this" in done.stderr
    recipe.write_text(recipe.read_text().replace("passthrough", "passthru"))
    done = evomerge(["merge", recipe, "-o", "out"], tmp_path)
    assert done.returncode == 2
    assert "recipe.yaml:1:15: unknown merge method 'passthru'. help: did you mean" in done.stderr
    assert not (tmp_path / "out").exists()
    assert "Traceback" not in done.stderr
