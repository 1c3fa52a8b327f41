"""The commands around the search: status, export, check, methods, zoo, and what a search shows."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from mergekit.merge_methods import registered_methods

from evomerge.cli import group
from evomerge.cli.console import record_line, standing
from evomerge.errors import EvomergeError, Failure, InputError
from evomerge.evaluate.scores import Scores, TaskScore
from evomerge.recipe.recipe import Recipe
from evomerge.search.events import Progress
from evomerge.search.record import FailedTrial, ScoredTrial, TrialRecord
from evomerge.workers.protocol import Failed, Scored

from .conftest import Evomerge, Finished


def invoke(*args: object) -> Result:
    return CliRunner().invoke(group, [str(a) for a in args], catch_exceptions=False)


def test_status_of_a_finished_run_names_recipe_and_report(finished: Finished) -> None:
    runs = finished.folder / "runs"
    shown = invoke("status", "--runs-dir", runs).output
    assert shown.startswith("toy: finished\n  trials     4 of 4, 0 failed\n  best       0.")
    assert f"recipe     {runs / 'toy' / 'best.yaml'}" in shown
    assert "resume" not in shown


def test_status_of_an_interrupted_run_tells_how_to_resume(
    finished: Finished, tmp_path: Path
) -> None:
    shutil.copytree(finished.folder / "runs", tmp_path / "runs")
    (tmp_path / "runs" / "toy" / "best.yaml").unlink()
    shown = invoke("status", "toy", "--runs-dir", tmp_path / "runs").output
    assert "toy: interrupted" in shown
    assert "resume     evomerge search toy.yaml --resume" in shown


def test_status_passes_over_what_cannot_be_read(finished: Finished, tmp_path: Path) -> None:
    shutil.copytree(finished.folder / "runs", tmp_path / "runs")
    shutil.copytree(tmp_path / "runs" / "toy", tmp_path / "runs" / "also")
    (tmp_path / "runs" / "also" / "space.yaml").write_text("[broken")
    shown = invoke("status", "--runs-dir", tmp_path / "runs").output
    assert "also: cannot be read" in shown
    assert "toy: finished" in shown
    assert "no runs in" in invoke("status", "--runs-dir", tmp_path / "nowhere").output


def test_export_of_the_best_and_of_one_trial(finished: Finished, tmp_path: Path) -> None:
    runs = finished.folder / "runs"
    shown = invoke("export", "toy", "--runs-dir", runs, "--trial", 2).output
    assert "run toy, trial 2" in shown
    assert "merge_method" in yaml.safe_load(shown)
    best = invoke("export", "toy", "--runs-dir", runs).output
    assert yaml.safe_load(best) == yaml.safe_load((runs / "toy" / "best.yaml").read_text())
    with pytest.raises(InputError, match="it has one best recipe, not a front"):
        invoke("export", "toy", "--runs-dir", runs, "--pareto", "-o", tmp_path / "front")
    assert not (tmp_path / "front").exists()
    with pytest.raises(InputError, match="no trial 99"):
        invoke("export", "toy", "--runs-dir", runs, "--trial", 99)
    with pytest.raises(InputError, match="exclude each other"):
        invoke("export", "toy", "--runs-dir", runs, "--trial", 1, "--pareto")


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


def test_methods_are_those_of_mergekit() -> None:
    lines = invoke("methods").output.splitlines()
    assert {line.split()[0] for line in lines} == {m.spec.name for m in registered_methods()}
    della = invoke("methods", "della").output
    assert "epsilon" in della
    assert "2406.11617" in della
    with pytest.raises(InputError, match="did you mean 'ties'"):
        invoke("methods", "tise")


def test_zoo_lists_its_families() -> None:
    shown = invoke("zoo").output
    assert "zoo://tiny/base" in shown
    assert "zoo://smollm2/base" in shown
    with pytest.raises(EvomergeError, match="tinny"):
        invoke("zoo", "make", "tinny")


def test_unknown_commands_and_options_name_the_nearest(tmp_path: Path, evomerge: Evomerge) -> None:
    done = evomerge(["serch", "x.yaml"], tmp_path)
    assert done.returncode == 2
    assert "did you mean 'search'" in done.stderr
    assert evomerge(["search", "x.yaml", "--trails", "3"], tmp_path).returncode == 2


def record(value: float | None, seconds: float = 1.26) -> TrialRecord:
    recipe = Recipe.from_document({"merge_method": "linear", "models": [{"model": "a"}]})
    begun = {"number": 7, "stage": "search", "kind": "sampled", "label": "trial 7", "params": {}}
    if value is None:
        return FailedTrial(
            **begun, recipe=recipe, result=Failed("k", Failure.NAN_WEIGHTS, "norm.weight")
        )
    scores = Scores("quick", (TaskScore("t", "acc", value, (0,), (1,)),))
    result = Scored("k", scores, seconds={"total": seconds})
    return ScoredTrial(**begun, recipe=recipe, result=result, value=(value,))


def test_the_lines_of_a_search() -> None:
    good, bad = record(0.5), record(None)
    progress = Progress("search", 10, 40, 1, 0, 100.0, good)
    assert record_line(good, progress).split() == (
        "trial 7 linear t 0.500 = 0.5000 1.3 s *".split()
    )
    assert record_line(bad, progress).endswith("failed: nan_weights: norm.weight")
    assert standing(progress) == (
        "search 10/40, 1 failed   best 0.5000 (trial 7)   about 5 min left"
    )
