"""The file behind the study: Optuna's journal format, each write whole or absent."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from evomerge.errors import PlatformError

_MORE = "more"


class RunJournal(BaseJournalBackend):
    """Optuna journal backend for one writing process, which holds the run's lock.

    Optuna's own `JournalFileBackend` reads the file too. It differs in three ways: a
    `transaction` is one write, so a process that dies in mid-proposal leaves no half-drawn
    trial; a torn end of the file is cut off when it is opened; no lock file is needed.

    All lines of a transaction but its last carry `"more": true`, which Optuna ignores.

    Args:
        path: The journal; made if missing and `writable`.
        writable: Whether to cut a torn end off the file and allow writes.

    Raises:
        PlatformError: The file cannot be read or written, or is damaged before its end.
    """

    def __init__(self, path: Path, *, writable: bool = True) -> None:
        self._path, self._writable = path, writable
        self._buffer: list[bytes] | None = None
        self._broken = False
        try:
            content = path.read_bytes() if path.exists() else b""
            self._logs, self._size = _parse(content, path)
            if writable:
                with path.open("ab") as file:
                    file.truncate(self._size)
        except OSError as error:
            raise _unwritable(path, error) from error

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the logs from that number on."""
        yield from self._logs[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append logs: at once, or with the rest of the running transaction.

        Raises:
            PlatformError: The disk is full or the file unwritable; the file is as it was.
        """
        if self._broken or not self._writable:
            raise RuntimeError(f"{self._path}: the journal does not take writes")
        lines = [json.dumps(log, separators=(",", ":")).encode() for log in logs]
        self._logs += [json.loads(line) for line in lines]
        if self._buffer is None:
            self._write(lines)
        else:
            self._buffer += lines

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write everything that is appended inside in one go, or nothing if it raises."""
        self._buffer = []
        try:
            yield
        except BaseException:
            self._broken = bool(self._buffer)
            raise
        else:
            self._write(self._buffer)
        finally:
            self._buffer = None

    def _write(self, lines: list[bytes]) -> None:
        if not lines:
            return
        open_lines = [line[:-1] + f',"{_MORE}":true}}'.encode() for line in lines[:-1]]
        data = b"\n".join([*open_lines, lines[-1]]) + b"\n"
        try:
            with self._path.open("ab", buffering=0) as file:
                try:
                    written = 0
                    while written < len(data):
                        written += file.write(data[written:])
                    os.fsync(file.fileno())
                except BaseException:
                    self._broken = True
                    file.truncate(self._size)
                    raise
        except OSError as error:
            raise _unwritable(self._path, error) from error
        self._size += len(data)


def _parse(content: bytes, path: Path) -> tuple[list[dict[str, Any]], int]:
    """Return the logs of all whole transactions, and the length of the file up to there."""
    logs: list[dict[str, Any]] = []
    whole, size, offset = 0, 0, 0
    lines = content.splitlines(keepends=True)
    for number, line in enumerate(lines, start=1):
        offset += len(line)
        if not line.endswith(b"\n"):
            break
        try:
            logs.append(json.loads(line))
        except ValueError as error:
            if number == len(lines):
                break
            raise PlatformError(
                "the study is damaged here",
                where=f"{path}:{number}",
                help="restore the file from a copy, or start anew with --new",
            ) from error
        if _MORE not in logs[-1]:
            whole, size = len(logs), offset
    return logs[:whole], size


def _unwritable(path: Path, error: OSError) -> PlatformError:
    return PlatformError(
        f"the study cannot be written: {error.strerror}",
        where=str(path),
        help="free space or make the folder writable, then run the same command with --resume; "
        "everything scored so far is kept",
    )
