"""Settings as values: right when they are made, frozen, sent to other processes."""

import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from pydantic import ValidationError

from evomerge.settings import (
    BudgetSettings,
    EvaluateSettings,
    SearchSettings,
    Settings,
    TaskSettings,
    WorkerSettings,
    is_name,
)

EVALUATE = EvaluateSettings((TaskSettings("toy", "acc"),))


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (EvaluateSettings, {"tasks": ()}),
        (EvaluateSettings, {"tasks": EVALUATE.tasks, "quick": 0}),
        (EvaluateSettings, {"tasks": EVALUATE.tasks, "quick": True}),
        (EvaluateSettings, {"tasks": EVALUATE.tasks, "quick": "3"}),
        (SearchSettings, {"sampler": "tpee"}),
        (BudgetSettings, {"trials": 1.0}),
        (BudgetSettings, {"hours": float("nan")}),
        (WorkerSettings, {"gpus": 1.5}),
        (WorkerSettings, {"ray_address": "head"}),
        (WorkerSettings, {"cont": 1}),
    ],
)
def test_wrong_ones_cannot_be_made(kind: type, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kind(**wrong)


def test_nor_by_changing_right_ones() -> None:
    assert replace(EVALUATE, quick=3).quick == 3
    with pytest.raises(ValidationError):
        replace(EVALUATE, quick=0)
    with pytest.raises(FrozenInstanceError):
        EVALUATE.quick = 3  # type: ignore[misc]


def test_they_travel_to_other_processes() -> None:
    settings = Settings(evaluate=EVALUATE, workers=WorkerSettings(gpus=0.5))
    again = pickle.loads(pickle.dumps(settings))
    assert again == settings
    assert hash(again) == hash(settings)
    assert list(vars(again.evaluate)) == list(vars(EVALUATE))


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("quickstart", True),
        ("größe-2_b.1", True),
        ("", False),
        (".hidden", False),
        ("a b", False),
        ("a\n", False),
        ("a" * 100, True),
        ("a" * 101, False),
        (3, False),
    ],
)
def test_names_can_be_folders(name: object, right: bool) -> None:
    assert is_name(name) == right


def test_help_does_not_wait_for_pydantic() -> None:
    code = (
        "import sys, evomerge.cli\n"
        "try: evomerge.cli.main(['--help'])\n"
        "except SystemExit as stop: assert not stop.code\n"
        "assert 'pydantic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
