"""What a search shows: lines, a table, JSON."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evomerge.cli.console import JsonConsole, PlainConsole, record_line, standing
from evomerge.errors import Failure
from evomerge.evaluate.scores import Scores, TaskScore
from evomerge.recipe.recipe import Recipe
from evomerge.search.events import Progress
from evomerge.search.records.record import (
    FailedTrial,
    ParameterGradient,
    ScoredTrial,
    Step,
    TrialRecord,
)
from evomerge.space.reading.load import read_space
from evomerge.workers.protocol import Failed, Scored

from .conftest import SPACE


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


def test_a_step_tells_its_chain_and_loss() -> None:
    good = record(0.5)
    assert isinstance(good, ScoredTrial)
    progress = Progress("search", 10, 40, 1, 0, 100.0, good)
    step = replace(good, step=Step(2, 3, 20, 0.05), gradient=ParameterGradient(1.25, {}))
    assert record_line(step, progress).split() == (
        "trial 7, chain 2 linear t 0.500 = 0.5000 loss 1.2500 1.3 s".split()
    )
    assert "no gradient" in record_line(replace(step, gradient=None), progress)


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    good = record(0.5)
    console = JsonConsole()
    console.on_stage("search", 40)
    console.on_record(good, Progress("search", 10, 40, 1, 0, 100.0, good))
    console.on_note("two\nlines, ≥ 1")
    printed = capsys.readouterr().out
    stage, trial, note = map(json.loads, printed.splitlines())
    assert stage == {"event": "stage", "stage": "search", "planned": 40}
    assert (trial["event"], trial["scores"]["t"]) == ("trial", 0.5)
    assert note == {"event": "note", "text": "two\nlines, ≥ 1"}
    assert "≥" in printed


def test_a_failure_is_explained_where_it_comes_up_first(capsys: pytest.CaptureFixture[str]) -> None:
    space = read_space(SPACE.format(base="/m", a="/a", b="/b", tasks="zoo://tiny/tasks"), Path("x"))
    console, progress = PlainConsole(space, "resume"), Progress("search", 1, 40, 1, 0, 1.0, None)
    console.on_stage("search", 40)
    for _ in range(2):
        console.on_record(record(None), progress)
    shown = capsys.readouterr().out
    assert shown.count("failed: nan_weights: norm.weight") == 2
    assert shown.count(Failure.NAN_WEIGHTS.remedy) == 1
