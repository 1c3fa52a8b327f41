"""What is written stands there whole or not at all, whoever is killed, and one at a time."""

import errno
import multiprocessing
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from evomerge import files
from evomerge.errors import PlatformError
from evomerge.files import (
    hold,
    holder,
    is_unwritable,
    make_whole,
    platform_errors,
    scratch,
    write_whole,
)


def fill(draft: Path) -> None:
    (draft / "file").write_text("whole")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def killed(code: str, *arguments: Path) -> None:
    """Run code in a process of its own, and kill it as soon as it prints a line."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.kill()


WAIT = "print('ready', flush=True); time.sleep(60)"
IMPORTS = "import sys, time; from pathlib import Path; from evomerge.files import *\n"


def test_the_cache_has_one_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EVOMERGE_CACHE", str(tmp_path))
    assert files.cache_dir() == tmp_path
    assert files.adapters_dir() == tmp_path / "adapters"
    monkeypatch.delenv("EVOMERGE_CACHE")
    assert files.cache_dir() == Path.home() / ".cache" / "evomerge"


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    for text in ("ä", "b"):
        write_whole(tmp_path / "file", text)
        assert (tmp_path / "file").read_text(encoding="utf-8") == text
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("path", "reason"), [("gone/file", "No such file"), ("taken/file", "Not a directory")]
)
def test_a_file_without_its_folder(tmp_path: Path, path: str, reason: str) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(PlatformError, match=f"{path}: cannot be written: {reason}") as error:
        write_whole(tmp_path / path, "text")
    assert error.value.exit_code == 3
    assert names(tmp_path) == ["taken"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", "old")
    code = IMPORTS + (
        "import resource; from evomerge.errors import PlatformError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: write_whole(Path(sys.argv[1]), 'new' * 100)\n"
        "except PlatformError as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "cannot be written: File too large" in done.stdout
    assert (tmp_path / "file").read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_a_folder_is_made_unless_it_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "family" / "1"
    make_whole(folder, fill, unless=folder.is_dir)
    (folder / "mark").touch()
    make_whole(folder, fill, unless=folder.is_dir)
    assert names(folder) == ["file", "mark"]
    make_whole(folder, fill)
    assert names(folder) == ["file"]
    assert names(folder.parent) == ["1"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o777 & ~umask()


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def fail(draft: Path) -> None:
    fill(draft)
    raise OSError(errno.ENOSPC, "cannot build")


def test_what_fails_leaves_the_old_folder(tmp_path: Path) -> None:
    for before in ([], ["1"]):
        with pytest.raises(OSError, match="cannot build") as error:
            make_whole(tmp_path / "1", fail)
        assert is_unwritable(error.value)
        assert names(tmp_path) == before
        make_whole(tmp_path / "1", fill)


def test_a_killed_build_leaves_nothing_that_counts(tmp_path: Path) -> None:
    code = f"def build(draft):\n    (draft / 'half').touch(); {WAIT}\n"
    killed(IMPORTS + code + "make_whole(Path(sys.argv[1]), build)", tmp_path / "1")
    assert not (tmp_path / "1").exists()
    make_whole(tmp_path / "1", fill)
    assert names(tmp_path) == ["1"]
    assert names(tmp_path / "1") == ["file"]


def test_a_process_killed_in_the_midst_of_replacing_loses_nothing(tmp_path: Path) -> None:
    make_whole(tmp_path / "1", fill)
    (tmp_path / "1").rename(tmp_path / ".1.replaced")
    with pytest.raises(OSError, match="cannot build"):
        make_whole(tmp_path / "1", fail)
    assert names(tmp_path) == ["1"]
    assert names(tmp_path / "1") == ["file"]


def _slow_build(folder: str) -> None:
    def build(draft: Path) -> None:
        with (Path(folder).parent / "log").open("a") as log:
            log.write("built\n")
        time.sleep(0.2)

    make_whole(Path(folder), build, unless=Path(folder).is_dir)


def test_two_processes_build_it_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    both = [context.Process(target=_slow_build, args=(str(tmp_path / "1"),)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert (tmp_path / "log").read_text() == "built\n"
    assert names(tmp_path) == ["1", "log"]


def test_scratch_goes_with_its_block_and_with_its_process(tmp_path: Path) -> None:
    parent = tmp_path / "made"
    code = f"with scratch(Path(sys.argv[1])) as one:\n    (one / 'file').touch(); {WAIT}"
    killed(IMPORTS + code, parent)
    assert len(names(parent)) == 2
    with scratch(parent) as first, scratch(parent) as second:
        assert first != second
        assert names(first) == []
        assert {first, second} <= set(parent.iterdir())
    assert names(parent) == []


def test_what_fills_a_disk_goes_though_nothing_can_be_written(tmp_path: Path) -> None:
    code = f"with scratch(Path(sys.argv[1])) as one:\n    (one / 'file').touch(); {WAIT}"
    killed(IMPORTS + code, tmp_path)
    code = IMPORTS + (
        "import resource; from evomerge import files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "files._sweep(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert names(tmp_path) == []


def test_a_sweep_passes_over_what_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / ".scratch-1.lock").mkdir()  # opening it fails, as with another user's file
    (tmp_path / ".scratch-1").mkdir()
    with scratch(tmp_path) as folder:
        assert names(tmp_path)[:2] == [".scratch-1", ".scratch-1.lock"]
        assert folder.is_dir()


def test_scratch_of_version_0_1_goes_with_its_process(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for process in (ended.pid, os.getpid()):
        (tmp_path / f"disk-trial-{process}-x1").mkdir()
    (tmp_path / "disk-trial-mine-x").mkdir()
    with scratch(tmp_path):
        pass
    assert names(tmp_path) == sorted([f"disk-trial-{os.getpid()}-x1", "disk-trial-mine-x"])


def test_errors_of_the_system_name_the_place(tmp_path: Path) -> None:
    with pytest.raises(PlatformError) as caught, platform_errors(tmp_path, "no", help="wait"):
        raise OSError(errno.ENOSPC, "full")
    assert str(caught.value) == f"{tmp_path}: no: full. help: wait"
    for other in (OSError("a library's"), FileNotFoundError(errno.ENOENT, "gone")):
        with pytest.raises(OSError) as passed, platform_errors(tmp_path, when=is_unwritable):
            raise other
        assert passed.value is other
    with pytest.raises(OSError, match="a library's"), platform_errors(tmp_path):
        raise OSError("a library's")


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    file = tmp_path / ".lock"
    assert holder(file) is None
    lock = hold(file)
    assert lock is not None
    assert hold(file) is None
    assert holder(file) == str(os.getpid())
    lock.release()
    assert holder(file) is None
    again = hold(file)
    assert again is not None
    again.release()


def test_two_who_look_at_once_do_not_see_each_other(tmp_path: Path) -> None:
    import fcntl

    (file := tmp_path / ".lock").touch()
    looking = file.open("r+")
    fcntl.flock(looking, fcntl.LOCK_EX)
    threading.Timer(0.02, looking.close).start()
    assert holder(file) is None
    looking = file.open("r+")
    fcntl.flock(looking, fcntl.LOCK_EX)
    threading.Timer(0.02, looking.close).start()
    lock = hold(file)
    assert lock is not None
    lock.release()


def test_a_lock_that_cannot_be_looked_at_counts_as_held(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()
    assert holder(tmp_path / ".lock") == "unknown"


def test_a_killed_process_frees_its_lock(tmp_path: Path) -> None:
    file = tmp_path / ".lock"
    code = f"lock = hold(Path(sys.argv[1])); assert holder(Path(sys.argv[1])); {WAIT}"
    killed(IMPORTS + code, file)
    assert file.read_text() != str(os.getpid())
    assert holder(file) is None


def test_a_lock_that_is_not_filelocks_counts(tmp_path: Path) -> None:
    import fcntl

    with (tmp_path / ".lock").open("w") as file:  # as processes of version 0.1 take it
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write("12345")
        file.flush()
        assert hold(tmp_path / ".lock") is None
        assert holder(tmp_path / ".lock") == "12345"
    assert holder(tmp_path / ".lock") is None


def test_a_folder_in_the_way_of_a_file_stays(tmp_path: Path) -> None:
    taken = tmp_path / "best.yaml"
    taken.mkdir()
    with pytest.raises(PlatformError, match="cannot be written"):
        write_whole(taken, "text")
    assert [p.name for p in tmp_path.iterdir()] == ["best.yaml"]
