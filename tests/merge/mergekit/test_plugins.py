"""Plug-ins run once a process, and tell what they add to mergekit's registry."""

from pathlib import Path

import pytest
from mergekit import merge_methods
from mergekit.merge_methods import registry

from evomerge.errors import InputError
from evomerge.merge.mergekit.plugins import import_plugin, plugin_table
from evomerge.methods.table import MERGEKIT

PLUGIN = """\
import torch
from mergekit.merge_methods import register
from mergekit.merge_methods.base import TensorGroup
from mergekit.merge_methods.easy_define import merge_method


@merge_method(name="{name}", pretty_name="First", reference_url=None)
def first(group: TensorGroup, push: float = 0.5) -> torch.Tensor:
    return group.entries[0].tensor + push


register(first)
"""


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let mergekit forget after a test what was registered in it."""
    monkeypatch.setattr(registry, "_METHODS", dict(registry._METHODS))


def test_a_plugin_runs_once_and_tells_its_rows_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.py"
    path.write_text(PLUGIN.format(name="first_of_all") + "print('runs')\n")
    rows = import_plugin(path)
    assert import_plugin(path) == rows
    assert capsys.readouterr().out == "runs\n"
    assert [row["name"] for row in rows] == ["first_of_all"]
    assert rows[0]["parameters"][0]["default"] == 0.5
    assert merge_methods.get("first_of_all").spec.pretty_name == "First"
    assert "first_of_all" not in MERGEKIT
    (tmp_path / "tables").mkdir()
    assert plugin_table(path, tmp_path / "tables") == {"module": "../mine.py", "methods": rows}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such file"),
        ("1 / 0", "the plug-in raises ZeroDivisionError: division by zero"),
        ("", "registers no merge method. help: call mergekit.merge_methods.register"),
        (PLUGIN.format(name="linear"), "Merge method 'linear' is already registered"),
    ],
)
def test_plugins_that_are_wrong(text: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError) as caught:
        plugin_table(path, tmp_path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))
