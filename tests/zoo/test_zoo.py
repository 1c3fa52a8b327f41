"""The zoo's frame: names, places, and folders that are there whole or not at all."""

import errno
import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evomerge import zoo
from evomerge.errors import InputError, PlatformError
from evomerge.zoo.store import make_whole


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


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    final = make_whole(tmp_path / "family" / "1", fill, silent)
    assert (final / "file").read_text() == str(final)
    (final / "mark").touch()
    make_whole(final, fill, silent)
    assert (final / "mark").exists()
    make_whole(final, fill, silent, force=True)
    assert not (final / "mark").exists()


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    def fail(draft: Path, final: Path, progress: object) -> None:
        fill(draft, final, progress)
        raise OSError(errno.ENOSPC, "No space left on device")

    final = tmp_path / "family" / "1"
    with pytest.raises(PlatformError, match="No space left on device"):
        make_whole(final, fail, silent)
    assert [p.name for p in final.parent.iterdir()] == [".lock"]


def test_a_killed_build_leaves_nothing_that_counts(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from evomerge.zoo.store import make_whole\n"
        "def build(draft, final, progress):\n"
        "    (draft / 'half').touch(); print('ready', flush=True); time.sleep(60)\n"
        "make_whole(Path(sys.argv[1]), build, lambda t, f: None)"
    )
    final = tmp_path / "family" / "1"
    build = subprocess.Popen([sys.executable, "-c", code, str(final)], stdout=subprocess.PIPE)
    assert build.stdout is not None
    build.stdout.readline()
    build.kill()
    build.wait()
    build.stdout.close()
    assert not final.exists()
    make_whole(final, fill, silent)
    assert sorted(p.name for p in final.parent.iterdir()) == [".lock", "1"]


def _slow_build(final: str) -> None:
    def build(draft: Path, place: Path, progress: object) -> None:
        with open(Path(final).parent / "log", "a") as log:
            log.write("built\n")
        time.sleep(0.2)

    make_whole(Path(final), build, silent)


def test_two_processes_build_it_once(tmp_path: Path) -> None:
    final = tmp_path / "1"
    context = multiprocessing.get_context("fork")
    both = [context.Process(target=_slow_build, args=(str(final),)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert final.is_dir()
    assert (tmp_path / "log").read_text() == "built\n"


def test_a_file_in_the_way_of_the_cache(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PlatformError, match="EVOMERGE_CACHE"):
        make_whole(tmp_path / "file" / "1", fill, silent)
