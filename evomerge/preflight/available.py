"""How much memory is free for a search: of the machine, and of the control groups around us."""

from collections.abc import Iterator
from pathlib import Path

import psutil

_VERSIONS = {
    "": ("memory.max", "memory.current", ""),
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
}
"""By controller, as /proc/self/cgroup names it (version 2 names none): limit, usage, and the
prefix of what memory.stat says of a group and all below it."""


def available_bytes(root: Path = Path("/")) -> int:
    """Return the memory that this process and its children can still take.

    Args:
        root: Where `proc` and `sys` are.
    """
    return min([int(psutil.virtual_memory().available), *_group_room(root)])


def _group_room(root: Path) -> Iterator[int]:
    """Yield what each control group that this process is in leaves it."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for controller in _VERSIONS.keys() & controllers.split(","):
            mount = root / "sys/fs/cgroup" / controller
            folder = mount / path.lstrip("/")
            while folder.is_relative_to(mount):
                yield from _room(folder, *_VERSIONS[controller])
                folder = folder.parent


def _room(folder: Path, limit: str, usage: str, prefix: str) -> Iterator[int]:
    """Yield a group's limit less what it uses; cached files can be dropped and count as free."""
    try:
        cap, used = (int((folder / name).read_text()) for name in (limit, usage))
        rows = (folder / "memory.stat").read_text().splitlines()
    except (OSError, ValueError):  # a group that is not seen from here, or `max`: no limit
        return
    stat = {name: int(size) for name, size in (row.split() for row in rows)}
    files = (stat.get(f"{prefix}{kind}_file", 0) for kind in ("active", "inactive"))
    yield max(0, cap - used + sum(files))
