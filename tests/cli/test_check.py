"""`evomerge check`: what a search of a space would draw."""

import json
from pathlib import Path

from evomerge.recipe.recipe import Recipe

from .conftest import invoke


def test_check_shows_parameters_and_recipes_that_mergekit_takes(space_file: Path) -> None:
    shown = invoke("check", space_file, "--samples", 2).output
    assert "toy.yaml: no mistakes found" in shown
    assert "vectors.weight[a]" in shown
    assert shown.count("sample recipe") == 2
    data = json.loads(invoke("check", space_file, "--json").output)
    assert data["dimensions"] == len(data["parameters"]) == 9
    for sample in data["samples"]:
        method = Recipe.from_yaml(sample).method
        assert method in ("task_arithmetic", "ties", "dare_ties", "slerp")
