"""Tables of plug-ins: what they add to a space's merge methods, and where they are wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from evomerge.errors import InputError
from evomerge.methods.table import MERGEKIT
from evomerge.space.reading.expanded import expanded
from evomerge.space.reading.load import load_space

SPACE = """\
models: {base: org/base, a: org/a, b: org/b}
plugins: [mine.json, other.json]
methods: [halfway, ties]
evaluate: {tasks: [{task: toy, metric: acc}]}
"""
PULL = {"name": "pull", "type": "float", "scope": "shared", "required": True, "default": None}


def row(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "pretty_name": name.title(),
        "reference": None,
        "base": "required",
        "min_inputs": 1,
        "max_inputs": None,
        "min_non_base": None,
        "max_non_base": None,
        "parameters": [PULL],
    }


def write(folder: Path, name: str, *methods: str, module: str = "") -> None:
    (folder / f"{name}.py").write_text("raise SystemExit(9)")  # reading does not run it
    table = {"module": module or f"{name}.py", "methods": [row(method) for method in methods]}
    (folder / f"{name}.json").write_text(json.dumps(table))


@pytest.fixture
def space(tmp_path: Path) -> Path:
    write(tmp_path, "mine", "halfway")
    write(tmp_path, "other", "quarter")
    path = tmp_path / "space.yaml"
    path.write_text(SPACE)
    return path


def test_a_space_carries_its_methods(space: Path) -> None:
    read = load_space(space)
    assert list(read.methods) == [*MERGEKIT, "halfway", "quarter"]
    assert read.plugins == tuple(str(space.parent / f"{n}.py") for n in ("mine", "other"))
    assert [p.name for p in read.parameters() if "pull" in p.name] == ["halfway.pull"]
    assert read.recipe({"recipe": "halfway", "halfway.pull": 0.5}).method == "halfway"
    assert [recipe["merge_method"] for recipe in expanded(read)["recipes"]] == ["halfway", "ties"]


def test_other_spaces_do_not_know_them(space: Path) -> None:
    load_space(space)
    space.write_text(SPACE.replace("plugins: [mine.json, other.json]\n", ""))
    with pytest.raises(InputError, match="unknown merge method 'halfway'"):
        load_space(space)
    assert "halfway" not in MERGEKIT


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("linear", "space.yaml:2:22: merge method 'linear' is registered already, by mergekit"),
        ("halfway", "space.yaml:2:22: merge method 'halfway' is registered already, by /"),
    ],
)
def test_a_name_is_taken_once(name: str, message: str, space: Path) -> None:
    write(space.parent, "other", name)
    with pytest.raises(InputError) as caught:
        load_space(space)
    assert message in str(caught.value)
    assert not caught.value.others


def test_a_name_stands_once_in_a_table(space: Path) -> None:
    write(space.parent, "other", "quarter", "quarter")
    with pytest.raises(InputError, match="yaml:2:22: merge method 'quarter' stands twice"):
        load_space(space)


def test_the_same_plugin_may_be_named_twice(space: Path) -> None:
    write(space.parent, "other", "halfway", module="mine.py")
    assert load_space(space).plugins == (str(space.parent / "mine.py"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "space.yaml:2:11: cannot be read: No such file or directory: /"),
        ("[", "space.yaml:2:11: no table of merge methods: /"),
        ("[]", "no table of merge methods"),
        ('{"module": "mine.py", "methods": [{"name": "x"}]}', "no table of merge methods"),
        ('{"module": "gone.py", "methods": []}', "the table's plug-in is gone: /"),
    ],
)
def test_tables_that_are_wrong(text: str | None, message: str, space: Path) -> None:
    (space.parent / "mine.json").unlink()
    if text is not None:
        (space.parent / "mine.json").write_text(text)
    with pytest.raises(InputError) as caught:
        load_space(space)
    assert message in str(caught.value)
    assert "unknown merge method 'halfway'" in str(caught.value)  # told at once


def test_plugins_is_a_list(space: Path) -> None:
    space.write_text(SPACE.replace("[mine.json, other.json]", "mine.json"))
    with pytest.raises(InputError, match="plugins must be a list of tables"):
        load_space(space)
