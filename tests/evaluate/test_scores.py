"""Scores survive the study's file."""

import json
import math

import pytest

from evomerge.evaluate.scores import Scores, TaskScore


def test_scores_go_through_json_and_come_back() -> None:
    task = TaskScore("t", "acc", 0.1 + 0.2, (3, 5), (1.0, 0.1 + 0.2), higher_is_better=False)
    scores = Scores("quick", (task,), {"t/empty": 1 / 3})
    assert Scores.from_json(json.loads(json.dumps(scores.to_json()))) == scores
    corpus = Scores("quick", (TaskScore("t", "ppl", 2.0, (1,), (math.nan,)),))
    (again,) = Scores.from_json(json.loads(json.dumps(corpus.to_json()))).tasks
    assert math.isnan(again.per_doc[0])


def test_losses_are_written_where_there_are_some() -> None:
    task = TaskScore("t", "acc", 0.5, (3, 5), (1.0, 0.0), losses=(0.25, 1.5))
    written = Scores("quick", (task,)).to_json()
    assert Scores.from_json(json.loads(json.dumps(written)))["t"] == task
    assert (
        "losses"
        not in Scores("quick", (TaskScore("t", "acc", 0.5, (1,), (0.5,)),)).to_json()["tasks"][0]
    )


def test_a_task_is_found_by_name() -> None:
    task = TaskScore("t", "acc", 0.5, (1,), (0.5,))
    assert Scores("quick", (task,))["t"] is task
    with pytest.raises(KeyError, match="u"):
        Scores("quick", (task,))["u"]
