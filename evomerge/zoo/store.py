"""Make a folder so that it is there whole or not at all, by one process at a time."""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from evomerge.errors import PlatformError
from evomerge.zoo.family import Progress

_DRAFT = ".draft-"


def make_whole(
    final: Path,
    build: Callable[[Path, Path, Progress], None],
    progress: Progress,
    *,
    force: bool = False,
) -> Path:
    """Build a folder in a draft beside it and rename it at the end.

    A build that was killed leaves only a draft, which the next one removes.

    Args:
        final: The folder to make.
        build: Fills a draft folder; see `Family.build`.
        progress: Told how far it is.
        force: Build even if the folder is there, and replace it.

    Raises:
        PlatformError: The folder cannot be written, or the disk is full.
    """
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(final.parent / ".lock"):
            if final.is_dir() and not force:
                return final
            for draft in final.parent.glob(f"{_DRAFT}*"):
                shutil.rmtree(draft)
            draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=final.parent))
            try:
                build(draft, final, progress)
                if final.is_dir():
                    shutil.rmtree(final)
                draft.rename(final)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        if error.errno not in (
            errno.ENOSPC,
            errno.EDQUOT,
            errno.EACCES,
            errno.EROFS,
            errno.EPERM,
            errno.ENOTDIR,
            errno.EEXIST,
        ):
            raise
        raise PlatformError(
            f"cannot be written: {error.strerror}",
            where=str(final.parent),
            help="free space or make it writable, or set EVOMERGE_CACHE to another folder",
        ) from error
    return final


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Wait for the lock; the kernel frees it when its holder ends, however it ends."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
