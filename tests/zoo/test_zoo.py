"""The zoo's frame: names, places, and folders that are there whole or not at all."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from evomerge import zoo
from evomerge.errors import InputError, PlatformError
from evomerge.zoo import tiny


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVOMERGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def silent(text: str, fraction: float) -> None:
    pass


def fill(draft: Path, final: Path, progress: object) -> None:
    (draft / "file").write_text(str(final))


def test_references_are_located_in_the_cache(cache: Path) -> None:
    folder = cache / "zoo" / "tiny" / zoo.family("tiny").version
    assert zoo.locate("zoo://tiny/base") == str(folder / "base")
    adapter = zoo.locate("zoo://tiny/sort-lora")
    assert adapter == f"{folder / 'base'}+{folder / 'sort-lora'}"
    assert zoo.locate("zoo://tiny/tasks").endswith("/tasks")
    assert zoo.locate("org/model@main+org/adapter") == "org/model@main+org/adapter"
    assert zoo.families_of(["zoo://tiny/a", "org/b", "zoo://tiny/c"]) == ["tiny"]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("zoo://tinny/base", "no zoo family 'tinny'. help: did you mean 'tiny'?"),
        ("zoo://tiny/revers", "no model 'zoo://tiny/revers' in the zoo. help: did you mean"),
    ],
)
def test_unknown_names_give_the_nearest(reference: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        zoo.locate(reference)
    assert message in str(caught.value)


def test_a_family_is_made_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny, "FAMILY", replace(tiny.FAMILY, build=fill))
    assert not zoo.is_made("tiny")
    made = zoo.make("tiny", silent)
    assert zoo.is_made("tiny")
    assert (made / "file").read_text() == str(made)
    (made / "mark").touch()
    assert zoo.make("tiny", silent) == made
    assert (made / "mark").exists()
    zoo.make("tiny", silent, force=True)
    assert not (made / "mark").exists()


def test_a_failed_build_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(draft: Path, final: Path, progress: object) -> None:
        fill(draft, final, progress)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tiny, "FAMILY", replace(tiny.FAMILY, build=fail))
    with pytest.raises(PlatformError, match="No space left on device"):
        zoo.make("tiny", silent)
    assert list((cache / "zoo" / "tiny").iterdir()) == []


def test_a_file_in_the_way_of_the_cache(cache: Path) -> None:
    cache.touch()
    with pytest.raises(PlatformError, match="EVOMERGE_CACHE"):
        zoo.make("tiny", silent)
