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


EACH = """\
models: {base: zoo://tiny/base, a: zoo://tiny/sort}
recipes:
  - merge_method: task_arithmetic
    base_model: base
    models: [{model: a, parameters: {weight: {float: [0, 1.2], tensors: each}}}]
evaluate: {tasks: [{task: toy, metric: acc}]}
"""


def test_many_numbers_are_one_line(tmp_path: Path) -> None:
    file = tmp_path / "each.yaml"
    file.write_text(EACH)
    shown = invoke("check", file).output
    assert "dimensions  39\n" in shown
    line = "task_arithmetic.weight[a]  float   [0, 1.2], tensors each: 39 numbers"
    assert shown.count("weight[a]") == shown.count(line) == 1
    assert len(json.loads(invoke("check", file, "--json").output)["parameters"]) == 39
    assert "tensors: each" in invoke("check", file, "--expand").output
    file.write_text(EACH.replace("zoo://tiny/base", "org/not-here"))
    shown = invoke("check", file).output
    assert "dimensions  at least 1\n" in shown
    assert "is known once the models are here" in shown
    assert "tensors each: how many is unknown" in shown


def test_documents_that_are_differentiated_are_told(tmp_path: Path) -> None:
    file = tmp_path / "each.yaml"
    for sampler, told in (("tpe", 0), ("gradient", 30 * 8)):
        settings = f"search: {{sampler: {sampler}}}\nbudget: {{trials: 30}}\n"
        file.write_text(EACH.replace("acc}]}", "acc}], quick: 8}") + settings)
        shown = invoke("check", file).output
        assert ("240 of the quick ones differentiated too" in shown) is bool(told)
        assert json.loads(invoke("check", file, "--json").output)["differentiated"] == told
