"""A run is a folder: the space as it was, the study, and one process at a time that writes."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from filelock import FileLock

from evomerge.errors import InputError, RunConflict, did_you_mean
from evomerge.files import hold, holder, platform_errors, write_whole
from evomerge.search.records.study import RunStudy
from evomerge.space.difference import difference
from evomerge.space.reading.load import read_space
from evomerge.space.space import Space

STUDY = "study.journal"
"""File of a run's folder that holds every trial."""
_SPACE, _LOCK = "space.yaml", ".lock"


def is_running(folder: Path) -> bool:
    """Whether a process is at the run of this folder."""
    return holder(folder / _LOCK) is not None


@dataclass(frozen=True)
class Run:
    """A run's folder, open for writing by this process alone. Use it as a context manager.

    Args:
        folder: `runs/<name>`, absolute.
        space: The space that is searched.
        study: Every evaluation so far.
        earlier: Whether an earlier session has been here.
        lock: Held until the run is closed.
    """

    folder: Path
    space: Space
    study: RunStudy
    earlier: bool
    lock: FileLock

    @classmethod
    def open(
        cls, space: Space, runs_dir: Path, *, resume: bool = False, new: bool = False
    ) -> "Run":
        """Start the run of a space, or go on with it.

        Args:
            space: The space; its name names the run.
            runs_dir: The folder of all runs.
            resume: Go on with the run that is there, or start if there is none.
            new: Start afresh; the run that is there is moved to `<name>.1`, `.2`, …

        Raises:
            RunConflict: A run is there and neither choice was made, it searches another
                space, or another process is at it.
            PlatformError: The folder cannot be written.
        """
        folder = runs_dir.absolute() / space.name
        with platform_errors(
            folder,
            "the run's folder cannot be written",
            help="free space, make the folder writable, or choose another with --runs-dir",
        ):
            lock = _lock(folder)
            try:
                earlier = (folder / _SPACE).exists() and (folder / STUDY).exists()
                if earlier and new:
                    folder.rename(_aside(folder))
                    lock.release()
                    lock = _lock(folder)
                    earlier = False
                before = _check_same(folder, space, resume) if earlier else None
                if before is None or before.path == space.path:  # else its relative paths differ
                    write_whole(folder / _SPACE, space.source)
                n_objectives = len(space.evaluate.tasks) if space.objective == "pareto" else 1
                study = RunStudy(folder / STUDY, n_objectives, origin=str(space.path))
            except BaseException:
                lock.release()
                _remove_if_unused(folder)
                raise
        return cls(folder, space, study, earlier, lock)

    def close(self) -> None:
        """Let go of the lock."""
        self.lock.release()

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def read_run(folder: Path) -> tuple[Space, RunStudy]:
    """Read a run that may be in use: its space, and its study as it stands.

    Args:
        folder: `runs/<name>`.

    Raises:
        InputError: There is no run there, with the nearest match.
    """
    space = _read_space(folder)
    if space is None and (folder / _SPACE).exists():
        raise InputError("the run's study is empty or gone", where=str(folder))
    if space is None:
        known = [path.parent.name for path in folder.parent.glob(f"*/{_SPACE}")]
        raise InputError(
            f"no run {folder.name!r}",
            where=str(folder.parent),
            help=did_you_mean(folder.name, known) if known else "start one: evomerge search SPACE",
        )
    return space, RunStudy(folder / STUDY, writable=False)


def _read_space(folder: Path) -> Space | None:
    """Return the space a run was begun with; None where no run has begun."""
    if not (folder / _SPACE).exists() or not (folder / STUDY).exists():
        return None
    origin = RunStudy(folder / STUDY, writable=False).origin
    if origin is None:
        return None
    return read_space((folder / _SPACE).read_text(encoding="utf-8"), origin)


def _lock(folder: Path) -> FileLock:
    """Take the run's lock, which ends with this process, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = hold(folder / _LOCK)
    if lock is None:
        raise RunConflict(
            f"run {folder.name!r} is in use by process {holder(folder / _LOCK) or 'unknown'}",
            where=str(folder),
            help="wait for it or stop it, or give the run another name: --set name=...",
        )
    return lock


def _check_same(folder: Path, space: Space, resume: bool) -> Space | None:
    """Return the space a run was begun with, if it may go on with this one."""
    if not resume:
        raise RunConflict(
            f"run {folder.name!r} is there already",
            where=str(folder),
            help="--resume (resume=True) goes on with it, --new (new=True) starts afresh and keeps "
            "the old one beside it",
        )
    before = _read_space(folder)
    if before and (changes := difference(before, space)):
        raise RunConflict(
            "the space has changed since this run began; undo that to resume, or start afresh "
            "with --new:\n" + "\n".join(changes),
            where=str(folder),
        )
    return before


def _aside(folder: Path) -> Path:
    """Return the first free name among `<name>.1`, `<name>.2` and so on."""
    number = 1
    while (aside := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    return aside


def _remove_if_unused(folder: Path) -> None:
    """Leave no folder behind for a run that never began."""
    with suppress(OSError):
        if not (folder / _SPACE).exists():
            (folder / _LOCK).unlink(missing_ok=True)
            folder.rmdir()
