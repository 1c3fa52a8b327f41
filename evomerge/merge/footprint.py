"""How much memory a search needs at least, from the sizes of its parents' files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Footprint:
    """Bytes that the weights of a search take in one worker.

    Args:
        parents: All parents, resident; their files are mapped, so workers on a CPU share them.
        merge: The live model and the merge that is put into it, of the largest parent's size.
        unknown: Models whose files are not here.
    """

    parents: int
    merge: int
    unknown: tuple[str, ...]

    @property
    def total(self) -> int:
        """Bytes of all weights; activations and one batch come on top."""
        return self.parents + self.merge


def footprint(locations: Iterable[str]) -> Footprint:
    """Return the footprint of these parents, without opening any of them.

    Args:
        locations: Folders, `folder+adapter` (as large as its model once merged), or hub ids.
    """
    sizes: dict[str, int] = {}
    for location in locations:
        folder = Path(location.split("+")[0])
        files = list(folder.glob("*.safetensors")) or list(folder.glob("*.bin"))
        sizes[location] = sum(file.stat().st_size for file in files)
    unknown = tuple(location for location, size in sizes.items() if not size)
    return Footprint(sum(sizes.values()), 2 * max(sizes.values(), default=0), unknown)
