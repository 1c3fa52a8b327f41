"""An exported recipe is plain mergekit YAML that merges to what was scored."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from evomerge.merge.export import export_yaml
from evomerge.merge.memory import InMemory
from evomerge.merge.weights import Weights
from evomerge.recipe.recipe import Recipe

SameTensors = Callable[[Weights, Path], None]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVOMERGE_CACHE", str(tmp_path / "cache"))


@pytest.mark.slow
def test_the_command_in_the_header_gives_the_scored_weights(
    make: SimpleNamespace,
    locations: dict[str, str],
    cache: Path,
    tmp_path: Path,
    same_tensors: SameTensors,
) -> None:
    recipe = Recipe.from_document(make.document("della", "gradient"))
    text = export_yaml(recipe, locations, origin=["scored 0.7"], file="best.yaml")
    (tmp_path / "best.yaml").write_text(text)
    line = next(x for x in text.splitlines() if x.startswith("#   mergekit-yaml"))
    assert f"--random-seed {recipe.seed} --num-threads 1" in line
    args = shlex.split(line.removeprefix("#"))
    program = Path(sys.executable).with_name(args[0])
    subprocess.run([program, *args[1:]], cwd=tmp_path, check=True, capture_output=True)
    same_tensors(InMemory(locations, cache).weights(recipe), tmp_path / "OUT")


def test_reads_back_to_the_same_recipe_and_seed(
    make: SimpleNamespace, locations: dict[str, str]
) -> None:
    recipe = Recipe.from_document(make.weighted("dare_ties", base_model="base"))
    text = export_yaml(recipe, locations, origin=["two\nlines"])
    assert text.startswith(f"# evomerge recipe {recipe.recipe_id}\n# two\n# lines\n#\n")
    again = Recipe.from_yaml(text)
    assert again == recipe.with_models(locations)
    assert again.seed == recipe.seed


def test_adapters_and_devices_are_in_the_command(make: SimpleNamespace) -> None:
    where = {"a": "/models/a", "lora": "/models/a+/adapters/x"}
    recipe = Recipe.from_document(make.weighted("dare_ties", models=("a", "lora"), base_model="a"))
    text = export_yaml(recipe, where, lora_cache="/my cache", device="cuda")
    assert "--num-threads 1 --lora-merge-cache '/my cache' --device cuda --low-cpu-memory" in text
    assert "run mergekit-yaml twice" in text
