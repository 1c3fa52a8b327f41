"""A first space can be read as it is written, whatever was said of tasks."""

from pathlib import Path

import pytest

from evomerge.errors import InputError
from evomerge.report.starter import starter
from evomerge.space.reading.load import read_space


def test_tasks_that_are_named_are_taken(locations: dict[str, str], task_path: Path) -> None:
    models = [locations["a"], locations["base"]]
    text = starter(models, "mine", [("toy_next", "acc")], str(task_path))
    space = read_space(text, Path("/anywhere/space.yaml"))
    assert space.name == "mine"
    assert space.models == {"base": locations["base"], "a": locations["a"]}
    assert space.evaluate.task_path == str(task_path)
    assert "Base model: base; its name says so." in text
    assert "placeholder" not in text


def test_without_tasks_a_placeholder_stands_there(locations: dict[str, str]) -> None:
    text = starter([locations["a"], locations["b"]], "mine")
    space = read_space(text, Path("/anywhere/space.yaml"))
    assert [task.task for task in space.evaluate.tasks] == ["arc_easy"]
    assert "this one is a placeholder" in text


def test_one_model_is_no_family(locations: dict[str, str]) -> None:
    with pytest.raises(InputError, match="no two models that can be merged"):
        starter([locations["a"]], "mine")
