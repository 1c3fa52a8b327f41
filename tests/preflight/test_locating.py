"""Models and tasks are found, or all that are not are named with their lines."""

from pathlib import Path

import pytest

from evomerge.errors import InputError
from evomerge.preflight.locating import depth_of, locations
from evomerge.space.reading.load import load_space

SPACE = """
models: {a: ./a, b: zoo://tiny/base, c: org/model@main}
recipes:
  - merge_method: linear
    models: [{model: a}, {model: b}, {model: c}]
    parameters: {weight: 1}
evaluate: {tasks: [{task: t, metric: acc}], task_path: zoo://tiny/tasks}
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVOMERGE_CACHE", str(tmp_path / "cache"))


def located(folder: Path, text: str) -> dict[str, str]:
    (folder / "space.yaml").write_text(text)
    return locations(load_space(folder / "space.yaml"))


def test_every_reference_has_a_place(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    found = located(tmp_path, SPACE)
    assert found[str(tmp_path / "a")] == str(tmp_path / "a")
    assert found["org/model@main"] == "org/model@main"
    assert found["zoo://tiny/base"].startswith(str(tmp_path / "cache"))
    assert found["zoo://tiny/tasks"].endswith("/tasks")


def test_all_that_is_missing_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "aa").mkdir()
    text = SPACE.replace("tiny/base", "tiny/bse").replace("tiny/tasks", "tiny/task")
    with pytest.raises(InputError) as caught:
        located(tmp_path, text)
    first, second, third = str(caught.value).splitlines()
    assert first.startswith(f"{tmp_path}/space.yaml:2:13: no such folder: {tmp_path}/a. help: ")
    assert "did you mean 'aa'?" in first
    assert "space.yaml:2:21: no model 'zoo://tiny/bse' in the zoo" in second
    assert "no model 'zoo://tiny/task' in the zoo" in third


def test_the_depth_of_the_first_model_that_is_here(tmp_path: Path) -> None:
    for name, config in {"broken": "{", "vision": "{}", "deep": '{"num_hidden_layers": 9}'}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(config)
    here = [str(tmp_path / name) for name in ("gone", "broken", "vision", "deep")]
    assert depth_of(["zoo://no/such", "org/model", *here]) == 9
    assert depth_of(here[:3]) is None
