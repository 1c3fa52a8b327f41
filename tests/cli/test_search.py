"""`evomerge search` from end to end."""

import json
import shutil
from pathlib import Path
from unittest import mock

import mlflow
import pytest
import torch
from click.testing import CliRunner
from mergekit.scripts.run_yaml import main as mergekit_yaml
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from evomerge.api import searches
from evomerge.cli.export import command as export
from evomerge.cli.merge import command as merge

from .conftest import Evomerge, Finished


def test_a_search_ends_with_verdict_recipe_and_dashboard(finished: Finished) -> None:
    done, tmp_path = finished.done, finished.folder
    for piece in (
        "generation 0",
        "task_arithmetic λ=0.5",
        "Verdict: The winner ",
        "mlflow ui --backend-store-uri sqlite:///mlflow.db",
        "best recipe  runs/toy/best.yaml",
        "merged/\ndashboard    mlflow ui",
        "mlflow.db\n             http://127.0.0.1:5000/#/experiments/",
    ):
        assert piece in done.stdout
    assert "Traceback" not in done.stderr
    run = tmp_path / "runs" / "toy"
    report = json.loads((run / "report.json").read_text())
    assert report["n_recipes"] >= 8 + 3
    assert {r["label"] for r in report["held_out"]} >= {"base", "parent a", "parent b"}

    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("toy")
    runs = client.search_runs([experiment.experiment_id])
    children = [r for r in runs if "mlflow.parentRunId" in r.data.tags]
    stages = [r.data.tags["evomerge.stage"] for r in children]
    assert stages.count("search") == 4
    assert stages.count("generation0") == 8
    trial = next(r for r in children if r.data.tags["mlflow.runName"] == "trial 0")
    assert {"toy_next/acc", "toy_pick/acc", "objective", "seconds/merge", "seconds/score"} <= set(
        trial.data.metrics
    )
    assert {f.path for f in client.list_artifacts(trial.info.run_id)} == {
        "recipe.yaml",
        "scores.json",
    }


def test_a_run_that_is_there_is_neither_continued_nor_replaced_unasked(
    finished: Finished, evomerge: Evomerge
) -> None:
    again = evomerge(["search", "toy.yaml"], finished.folder)
    assert again.returncode == 4
    assert "--resume" in again.stderr
    assert "--new" in again.stderr


def test_the_export_merges_to_the_same_model_either_way(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [str(finished.folder / "runs" / "toy"), "-o", "best.yaml"]
    made = CliRunner().invoke(export, words, catch_exceptions=False)
    assert made.exit_code == 0
    ours = CliRunner().invoke(merge, ["best.yaml", "-o", "ours"], catch_exceptions=False)
    assert ours.exit_code == 0, ours.output
    header = Path("best.yaml").read_text()
    line = next(x for x in header.splitlines() if "mergekit-yaml best.yaml" in x)
    words = [word.replace("OUT", "theirs") for word in line.lstrip("# ").split()[1:]]
    theirs = CliRunner().invoke(mergekit_yaml, words, catch_exceptions=False)
    assert theirs.exit_code == 0, theirs.output
    a, b = (
        load_file(f"{folder}/model.safetensors")
        if Path(f"{folder}/model.safetensors").exists()
        else {k: v for f in Path(folder).glob("*.safetensors") for k, v in load_file(f).items()}
        for folder in ("ours", "theirs")
    )
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)
    AutoModelForCausalLM.from_pretrained("ours")


def test_json_lines_and_dry_run(
    space_file: Path, empty_mlflow: Path, tmp_path: Path, evomerge: Evomerge
) -> None:
    shutil.copy(empty_mlflow, tmp_path)
    dry = evomerge(["search", space_file, "--dry-run"], tmp_path)
    assert dry.returncode == 0, dry.stderr
    assert "all checks passed" in dry.stdout
    assert not (tmp_path / "runs").exists()
    done = evomerge(["search", space_file, "--trials", "2", "--json", "--set", "name=j"], tmp_path)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["event"] == "start"
    assert events[-1]["event"] == "outcome"
    assert sum(e["event"] == "trial" and e["stage"] == "search" for e in events) == 2


def test_an_interrupt_before_the_run_begins_promises_nothing(
    space_file: Path, tmp_path: Path, evomerge: Evomerge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searches, "check_search", mock.Mock(side_effect=KeyboardInterrupt))
    done = evomerge(["search", space_file], tmp_path)
    assert (done.returncode, done.stderr.strip()) == (130, "interrupted")
    assert not (tmp_path / "runs").exists()
