import json
from dataclasses import replace
from pathlib import Path

import pytest

from evomerge.space.space import Space
from evomerge.tracking.view import how_to_open, trials_view


def test_trials_stand_best_first(space: Space) -> None:
    view = json.loads(trials_view(space))
    assert view["orderByKey"] == "metrics.`objective`"
    assert view["selectedColumns"][:2] == ["metrics.`objective`", "metrics.`toy/acc`"]
    pareto = json.loads(trials_view(replace(space, objective="pareto")))
    assert pareto["orderByKey"] == "metrics.`toy/acc`"


def test_the_command_that_opens_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = how_to_open(None, tmp_path / "mlflow.db", "7")
    command, page = shown.splitlines()
    assert command == "mlflow ui --backend-store-uri sqlite:///mlflow.db"
    assert page.startswith("http://127.0.0.1:5000/#/experiments/7/runs")


def test_a_server_needs_no_command(tmp_path: Path) -> None:
    assert how_to_open("http://host:5000/", tmp_path / "mlflow.db", None) == "http://host:5000"
