"""Which documents of a task steer the search, choose the winner, and judge it."""

import zlib
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from evomerge.errors import InputError
from evomerge.settings import Documents, EvaluateSettings

Split = Mapping[Documents, tuple[int, ...]]


def split_documents(
    task: str,
    total: int,
    settings: EvaluateSettings,
    groups: Sequence[Hashable] | None = None,
) -> Split:
    """Draw three disjoint sets of documents of one task.

    The draw depends on the seed and the task's name alone: adding a task to a space leaves
    the documents of the others as they were.

    Args:
        task: lm-eval's task name.
        total: Documents that the task has, indices 0 to `total` - 1.
        settings: Sizes of the sets, and the seed.
        groups: Group of each document, length `total`; every set then takes of each group in
            proportion to its size. None where the task has no groups.

    Returns:
        Set name → ascending indices.

    Raises:
        InputError: The task has too few documents.
    """
    sizes = {"quick": settings.quick, "confirm": settings.confirm, "held_out": settings.held_out}
    wanted = sum(sizes.values())
    if wanted > total:
        shares = {"quick": 1, "confirm": 1, "held_out": 2}
        parts = sum(shares[name] for name, size in sizes.items() if size)
        fitting = ", ".join(
            f"{name}: {min(size, shares[name] * total // parts)}" for name, size in sizes.items()
        )
        raise InputError(
            f"has {total} documents, but quick + confirm + held_out ask for {wanted}",
            where=f"task {task}",
            help=f"these sizes fit: {fitting}",
        )
    seed = np.random.SeedSequence([settings.seed, zlib.crc32(task.encode())])
    order = _spread(np.random.default_rng(seed), total, groups)
    quick, confirm = settings.quick, settings.quick + settings.confirm
    return {
        "quick": tuple(sorted(order[:quick])),
        "confirm": tuple(sorted(order[quick:confirm])),
        "held_out": tuple(sorted(order[confirm:wanted])),
    }


def _spread(rng: np.random.Generator, total: int, groups: Sequence[Hashable] | None) -> list[int]:
    """Return a random order in which every prefix holds each group near its share."""
    order = [int(i) for i in rng.permutation(total)]
    if groups is None:
        return order
    members: dict[Hashable, list[int]] = defaultdict(list)
    for index in order:
        members[groups[index]].append(index)
    place = {
        index: (rank + 0.5) / len(group)
        for group in members.values()
        for rank, index in enumerate(group)
    }
    return sorted(order, key=place.__getitem__)
