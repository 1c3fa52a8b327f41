"""Files that are there whole or not at all, and the folder of what can be made again."""

import os
from contextlib import suppress
from pathlib import Path

from evomerge.errors import PlatformError


def cache_dir() -> Path:
    """Return the folder of all that can be made again: `$EVOMERGE_CACHE`, `~/.cache/evomerge`."""
    return Path(os.environ.get("EVOMERGE_CACHE", Path.home() / ".cache" / "evomerge")).absolute()


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all.

    Raises:
        PlatformError: The disk is full, or the folder cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise PlatformError(
            f"cannot be written: {error.strerror}",
            where=str(path),
            help="free space, or make the folder writable",
        ) from error
