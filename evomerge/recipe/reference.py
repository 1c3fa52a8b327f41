"""Model references: folders, hub ids, zoo models."""

from collections.abc import Iterable
from pathlib import Path, PurePath


def absolute_reference(reference: str, folder: Path) -> str:
    """Return a folder as an absolute path; hub ids and zoo models as they are.

    Args:
        reference: As the space file writes it, without adapter.
        folder: Where relative paths start.
    """
    if "://" in reference:
        return reference
    path = absolute_path(reference, folder)
    if reference.startswith((".", "/", "~")):
        return str(path)
    try:
        return str(path) if path.is_dir() else reference
    except OSError:  # too long to be a path
        return reference


def absolute_path(path: str, folder: Path) -> Path:
    """Return a path as an absolute one; `~` is the user's home."""
    try:
        return (folder / Path(path).expanduser()).resolve()
    except RuntimeError:  # no such user: an ordinary name that starts with ~
        return (folder / path).resolve()


def short_names(references: Iterable[str], base: str | None = None) -> dict[str, str]:
    """Return a short name for each reference, each once: the last part of its path.

    Args:
        references: Folders, hub ids, `model+adapter`.
        base: The one of them that is called `base`, or None.
    """
    names: dict[str, str] = {}
    for reference in references:
        last = PurePath(reference.split("+")[-1]).name
        stem = "base" if reference == base else last.split("@")[0]
        name, copy = stem, 1
        while name in names.values():
            copy += 1
            name = f"{stem}-{copy}"
        names[reference] = name
    return names
