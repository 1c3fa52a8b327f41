"""How many workers the nodes of a cluster hold, and with how many threads."""

import pytest

from evomerge.errors import PlatformError
from evomerge.settings import WorkerSettings
from evomerge.workers.cluster import Node, check_room, threads_of


@pytest.mark.parametrize(
    ("gpus", "places"),
    [(0.5, 8), (0.4, 8), (0.6, 4), (0.1, 40), (1 / 3, 12), (1, 4), (2, 2), (3, 1), (8, 0)],
)
def test_gpus_are_shared_whole_or_by_fractions_of_one(gpus: float, places: int) -> None:
    assert Node(64, 4).places(1, gpus) == places


def test_the_scarcer_of_cores_and_gpus_decides() -> None:
    assert Node(8, 4).places(4, 1) == 2
    assert Node(8, 4).places(4, 4) == 1
    assert Node(8, 0).places(1, 0.5) == 0


def test_a_model_over_two_gpus_needs_them_on_one_node() -> None:
    workers = WorkerSettings(count=1, gpus=2)
    with pytest.raises(PlatformError, match="2 GPUs have room for 0"):
        check_room(workers, [Node(8, 1), Node(8, 1)])
    assert check_room(workers, [Node(8, 1), Node(8, 2)]) is None


def test_this_machine_alone_must_hold_all_workers_a_cluster_some() -> None:
    with pytest.raises(
        PlatformError, match=r"5 workers with 0\.4 GPUs each: 2 GPUs have room for 4"
    ):
        check_room(WorkerSettings(count=5, gpus=0.4), [Node(8, 2)])
    joined = WorkerSettings(count=5, gpus=0.4, threads=1, ray_address="auto")
    assert "have room for 4; the others start when nodes join" in (
        check_room(joined, [Node(8, 2)]) or ""
    )
    with pytest.raises(PlatformError, match="on 1 nodes, have room for 0"):
        check_room(joined, [Node(8, 0)])
    assert check_room(WorkerSettings(count=50), [Node(2, 0)]) is None


@pytest.mark.parametrize(
    ("count", "cpus", "threads"),
    [(2, [16, 16], 16), (3, [16, 16], 8), (1, [4, 8], 8), (3, [8, 4], 4), (9, [2, 2], 1)],
)
def test_threads_are_the_most_with_which_all_find_a_place(
    count: int, cpus: list[int], threads: int
) -> None:
    nodes = [Node(n, 0) for n in cpus]
    assert threads_of(WorkerSettings(count=count), nodes) == threads
    assert threads_of(WorkerSettings(count=count, threads=3), nodes) == 3
