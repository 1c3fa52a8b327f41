"""`models:`: short names, and the references that they stand for."""

from pathlib import Path
from typing import Any

import pytest

from evomerge.errors import InputError
from evomerge.space.domains import ChoiceDomain
from evomerge.space.hole import Hole
from evomerge.space.problems import Problems
from evomerge.space.reading.models import ModelNames, read_models
from evomerge.space.reading.yaml import read_marked


def models(text: str, folder: Path) -> Any:
    marked = read_marked(text, folder / "space.yaml")
    problems = Problems(marked)
    read = read_models(marked.value["models"], folder, problems)
    problems.raise_if_any()
    return read


def test_folders_become_absolute_and_the_rest_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    text = "models: {a: mine, b: ./there+./adapter, c: org/c@v1, d: zoo://tiny/sort}"
    assert models(text, tmp_path) == {
        "a": str(tmp_path / "mine"),
        "b": f"{tmp_path / 'there'}+{tmp_path / 'adapter'}",
        "c": "org/c@v1",
        "d": "zoo://tiny/sort",
    }
    assert models("models:", tmp_path) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models: {}", "space.yaml:1:9: models must be a mapping of short names, got {}"),
        ("models: [a]", "models must be a mapping of short names, got ['a']"),
        ("models: {3: org/a}", "space.yaml:1:10: a short name must be text, got 3"),
        ("models: {a: 3}", "space.yaml:1:13: a model must be a folder or hub id, got 3"),
        ("models: {a: ''}", "a model must be a folder or hub id, got ''"),
        ("models: {a: org/a, b: org/a}", "space.yaml:1:23: org/a has a short name already"),
    ],
)
def test_each_mistake_has_its_message(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        models(text, tmp_path)
    assert message in str(caught.value)


def test_recipes_use_short_names_or_where_there_are_none_references(tmp_path: Path) -> None:
    problems = Problems(read_marked("", tmp_path / "space.yaml"))
    names = ModelNames({"a": "org/a", "b": "org/b"}, tmp_path, problems)
    assert names.read("a", ()) == "a"
    assert names.read({"choice": ["a", "b"]}, ()) == Hole(ChoiceDomain(("a", "b")))
    assert ModelNames(None, tmp_path, problems).read("./a", ()) == str(tmp_path / "a")
    assert not problems
    assert names.read("c", ()) is None
    assert ModelNames(None, tmp_path, problems).read(3, ()) is None
    with pytest.raises(InputError, match="unknown model 'c'") as caught:
        problems.raise_if_any()
    assert "a model must be a folder or hub id, got 3" in str(caught.value)
