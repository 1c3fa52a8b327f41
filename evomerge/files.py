"""Files and folders that are there whole or not at all, locks, and the cache folder."""

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from evomerge.errors import PlatformError

if TYPE_CHECKING:
    from filelock import FileLock

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_UNWRITABLE = _FULL | {errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR, errno.EEXIST}
_SCRATCH = ".scratch-"
_SCRATCH_0_1 = "disk-trial-"
"""Version 0.1 put the process's id behind it."""
_MOMENT = 0.05
"""Seconds in which another process has seen whether a lock is free."""


def cache_dir() -> Path:
    """Return the folder of all that can be made again: `$EVOMERGE_CACHE`, `~/.cache/evomerge`."""
    return Path(os.environ.get("EVOMERGE_CACHE", Path.home() / ".cache" / "evomerge")).absolute()


def adapters_dir() -> Path:
    """Return the cache's folder of models with their adapters merged in."""
    return cache_dir() / "adapters"


def is_unwritable(error: OSError) -> bool:
    """Whether the system says that a place cannot be written: full, forbidden, in the way."""
    return error.errno in _UNWRITABLE


def is_full(error: OSError) -> bool:
    """Whether the system says that a disk, a quota or a file is full."""
    return error.errno in _FULL


def has_number(error: OSError) -> bool:
    """Whether an error is the system's own; libraries raise some that have no number."""
    return error.errno is not None


@contextmanager
def platform_errors(
    where: str | Path,
    what: str = "cannot be written",
    *,
    help: str = "",
    when: Callable[[OSError], bool] = has_number,
) -> Iterator[None]:
    """Turn what the system says against a place into an error that names it.

    Args:
        where: The place.
        what: What cannot be done there; the system's reason follows.
        help: What to do about it.
        when: Which errors are meant; others pass.

    Raises:
        PlatformError: The system has refused.
    """
    try:
        yield
    except OSError as error:
        if not when(error):
            raise
        raise PlatformError(f"{what}: {error.strerror}", where=str(where), help=help) from error


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Raises:
        PlatformError: The disk is full, or the folder cannot be written.
    """
    with platform_errors(path, help="free space, or make the folder writable"):
        os.stat(f"{path.parent}{os.sep}")  # a folder that is not there is not made here
        with one_at_a_time(path), _draft(path) as draft:
            with draft.open("wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)


def make_whole(
    folder: Path, fill: Callable[[Path], None], *, unless: Callable[[], bool] = lambda: False
) -> None:
    """Make a folder so that it is there whole or not at all, by one process at a time.

    What stood in its place goes only after the new one stands there.

    Args:
        folder: The folder to make; its parents are made when needed.
        fill: Fills an empty draft beside it.
        unless: Asked when it is this process's turn; if true, the folder is left as it is.

    Raises:
        OSError: The disk is full, or a folder cannot be written; see `is_unwritable`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(folder):
        if unless():
            return
        with _draft(folder) as draft:
            draft.mkdir()
            fill(draft)
            _put(draft, folder)


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """Give an empty folder for as long as the block runs; those of killed processes go first.

    Args:
        parent: Where to make it; made when needed.

    Raises:
        OSError: It cannot be made.
    """
    parent.mkdir(parents=True, exist_ok=True)
    _sweep(parent)
    folder = parent / f"{_SCRATCH}{uuid4().hex}"
    with _waiting(folder.with_name(f"{folder.name}.lock")):
        try:
            folder.mkdir()
            yield folder
        finally:
            _remove(folder)


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Wait until no other process is at this path, and keep others waiting during the block.

    A process that ends frees the lock, however it ends.

    Raises:
        OSError: The folder that holds the path cannot be written.
    """
    with _waiting(path.with_name(f".{path.name}.lock")):
        yield


def hold(file: Path) -> "FileLock | None":
    """Take a lock, leaving this process's id in its file; None where another holds it.

    It waits for a moment, since `holder` takes the lock too while it looks. The lock is free
    again when it is released or its process ends, however it ends.

    Raises:
        OSError: The file cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(file, timeout=2 * _MOMENT, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    try:
        file.write_text(str(os.getpid()))
    except BaseException:
        lock.release()
        raise
    return lock


def holder(file: Path) -> str | None:
    """Return the id of the process that holds a lock, `unknown` if it left none; None if free.

    A lock that cannot be looked at counts as held.
    """
    seen = _seen_holder(file)
    if seen is not None:  # or another process is looking too
        time.sleep(_MOMENT)
        seen = _seen_holder(file)
    return seen


def _seen_holder(file: Path) -> str | None:
    from filelock import lock_descriptor

    try:
        descriptor = os.open(file, os.O_RDWR if os.access(file, os.W_OK) else os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError:
        return "unknown"
    try:
        free = lock_descriptor(descriptor, blocking=False)
        return None if free else os.read(descriptor, 20).decode() or "unknown"
    except OSError:  # a file system that locks only what can be written
        return "unknown"
    finally:
        os.close(descriptor)


def _sweep(parent: Path) -> None:
    """Remove the scratch folders of killed processes; write nothing, for the disk may be full."""
    from filelock import FileLock

    for left in parent.glob(f"{_SCRATCH}*.lock"):
        with suppress(OSError), FileLock(left, blocking=False):  # in use, or another user's
            _remove(left.with_suffix(""))
            left.unlink(missing_ok=True)
    for left in parent.glob(f"{_SCRATCH_0_1}*-*"):
        with suppress(ValueError, PermissionError):
            try:
                os.kill(int(left.name.removeprefix(_SCRATCH_0_1).split("-")[0]), 0)
            except ProcessLookupError:
                _remove(left)


@contextmanager
def _waiting(file: Path) -> Iterator[None]:
    """Hold the lock during the block; its file goes with it, which those who wait notice."""
    from filelock import FileLock

    with FileLock(file, thread_local=False):
        try:
            yield
        finally:
            file.unlink(missing_ok=True)


@contextmanager
def _draft(path: Path) -> Iterator[Path]:
    """Give a path for a draft, under the lock; what a killed process left there goes first."""
    draft, aside = _beside(path, "draft"), _beside(path, "replaced")
    if aside.exists() and not path.exists():
        aside.rename(path)  # a process was killed in the midst of replacing it
    _remove(aside)
    _remove(draft)
    try:
        yield draft
    finally:
        _remove(draft)


def _put(draft: Path, folder: Path) -> None:
    if not folder.exists():
        draft.rename(folder)
        return
    aside = _beside(folder, "replaced")
    folder.rename(aside)
    try:
        draft.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    _remove(aside)


def _beside(path: Path, kind: str) -> Path:
    return path.with_name(f".{path.name}.{kind}")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
