import json
from dataclasses import replace
from pathlib import Path

import yaml

from evomerge.errors import Failure
from evomerge.recipe.recipe import Recipe
from evomerge.report.files import counted_layers, recipe_yaml, write_report
from evomerge.report.outcome_json import outcome_json
from evomerge.report.table import markdown_table
from evomerge.search.finals.outcome import Outcome
from evomerge.space.outline import Outline
from evomerge.space.reading.load import read_space
from evomerge.space.space import Space
from evomerge.space.unfold import unfold

from .conftest import SPACE, failed

LOCATIONS = {"base": "/m/base", "a": "/m/a", "b": "/m/b"}


def test_the_files_of_a_finished_run(outcome: Outcome, space: Space, tmp_path: Path) -> None:
    best = write_report(tmp_path, outcome, space, LOCATIONS, tmp_path / "adapters")
    text = best.read_text()
    assert "run reported, trial 3" in text
    assert "my_next acc 0.8000, my_pick acc 0.6000 on 40 held_out documents" in text
    exported = yaml.safe_load(text)
    assert exported["merge_method"] == "linear"
    assert [m["model"] for m in exported["models"]] == ["/m/a", "/m/b"]
    report = (tmp_path / "report.md").read_text()
    assert markdown_table(outcome, space) in report
    assert text in report
    data = json.loads((tmp_path / "report.json").read_text())
    assert data == json.loads(json.dumps(outcome_json(outcome)))
    assert data["gain_over_best_parent"]["low"] == 0.1
    assert data["held_out"][3]["failure"] == Failure.OUT_OF_MEMORY
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best.yaml", "report.json", "report.md"]


def test_a_winner_with_values_by_layer_is_pictured(
    outcome: Outcome, space: Space, tmp_path: Path
) -> None:
    models = [{"model": "a", "parameters": {"weight": [0.1, 0.9]}}, {"model": "b"}]
    recipe = Recipe.from_document({"merge_method": "linear", "models": models})
    winner = replace(outcome.winner, recipe=recipe)
    write_report(
        tmp_path, replace(outcome, winner=winner, judgement=None), space, LOCATIONS, tmp_path
    )
    assert "](weights.png)" in (tmp_path / "report.md").read_text()
    assert (tmp_path / "weights.png").read_bytes().startswith(b"\x89PNG")
    write_report(tmp_path, outcome, space, LOCATIONS, tmp_path)
    assert "weights.png" not in (tmp_path / "report.md").read_text()
    assert not (tmp_path / "weights.png").exists()


def test_a_picture_that_cannot_be_drawn_is_told_in_the_report(
    outcome: Outcome, space: Space, tmp_path: Path
) -> None:
    (tmp_path / "weights.png").mkdir()
    write_report(tmp_path, outcome, space, LOCATIONS, tmp_path)
    report = (tmp_path / "report.md").read_text()
    assert "The picture could not be drawn: " in report
    assert "## Best recipe" in report


def test_layers_are_counted_where_each_has_a_number(tmp_path: Path) -> None:
    def counted(words: str) -> int | None:
        text = SPACE.replace("{float: [0.1, 1]}", f"{{float: [0.1, 1], {words}}}")
        read = read_space(text, tmp_path / "reported.yaml")
        outline = Outline.of([*(f"h.{layer}.w" for layer in range(5)), "norm"])
        return counted_layers(unfold(read, {"linear": outline}))

    assert counted("tensors: each") == counted("layers: each") == 5
    assert counted("layers: 3") is counted("layers: 3, modules: each") is None


def test_a_recipe_without_scores_exports_without_figures(space: Space, tmp_path: Path) -> None:
    bare = failed("sampled", "trial 3")
    assert bare.recipe
    text = recipe_yaml(bare.recipe, bare, space, LOCATIONS, lora_cache=tmp_path)
    assert "acc" not in text
    assert "trial 3" in text
