"""`evomerge zoo`: the families are listed, made, and made where a space needs them."""

from dataclasses import replace
from pathlib import Path

import pytest

from evomerge.cli.merge import command as merge_command
from evomerge.cli.zoo import make_missing
from evomerge.errors import EvomergeError
from evomerge.zoo import tiny
from evomerge.zoo.family import Progress

from .conftest import invoke


def test_zoo_lists_its_families() -> None:
    shown = invoke("zoo").output
    assert "zoo://tiny/base" in shown
    assert "zoo://smollm2/base" in shown
    with pytest.raises(EvomergeError, match="tinny"):
        invoke("zoo", "make", "tinny")


def build(draft: Path, final: Path, progress: Progress) -> None:
    for percent in range(0, 101, 5):
        progress(f"step {percent}", percent / 100)


@pytest.fixture
def quick_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny family, built in no time, in a cache of its own."""
    monkeypatch.setenv("EVOMERGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tiny, "FAMILY", replace(tiny.FAMILY, build=build))


@pytest.mark.usefixtures("quick_family")
def test_making_a_family_tells_each_tenth() -> None:
    assert "make it evomerge zoo make tiny" in invoke("zoo").output
    made = invoke("zoo", "make", "tiny")
    told = made.stderr.splitlines()
    assert [line.split()[2] for line in told] == [f"{tenth}%" for tenth in range(0, 101, 10)]
    assert f"made in {made.stdout.split()[-1]}" in invoke("zoo").output
    assert invoke("zoo", "make", "tiny").stderr == ""


@pytest.mark.usefixtures("quick_family")
def test_what_a_space_names_is_made_once(capsys: pytest.CaptureFixture[str]) -> None:
    make_missing(["zoo://tiny/base", "org/model"])
    assert "zoo tiny: 100%  step 100" in capsys.readouterr().err
    make_missing(["zoo://tiny/base"])
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("quick_family")
def test_what_a_recipe_names_is_made_in_sight(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("merge_method: passthrough\nmodels: [{model: zoo://tiny/base}]\n")
    with pytest.raises(EvomergeError):  # this family is an empty folder
        merge_command.main([str(recipe), "-o", str(tmp_path / "out")], standalone_mode=False)
    assert "zoo tiny: 100%  step 100" in capsys.readouterr().err
