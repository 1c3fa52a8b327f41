"""The Ray cluster that workers run on: one of this machine's own, or one that is there already."""

import logging
import socket
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ray

from evomerge.errors import PlatformError
from evomerge.settings import WorkerSettings

_OBJECT_STORE_BYTES = 100 * 2**20
_ANSWER_S, _JOIN_S = 5, 40
_JOIN = "import sys, ray; ray.init(sys.argv[1], log_to_driver=False); ray.shutdown()"
_GPU_GRAINS = 10_000
"""Ray counts GPUs in ten-thousandths."""


@dataclass(frozen=True)
class Node:
    """What a node of the cluster has for workers, busy or not.

    Args:
        cpus: CPU cores.
        gpus: GPUs.
    """

    cpus: float
    gpus: float

    def places(self, cpus: float, gpus: float) -> int:
        """Return how many workers this node can hold.

        Args:
            cpus: CPU cores of one worker, ≥ 0.
            gpus: GPUs of one worker: 0, a fraction of one, or a whole number.
        """
        room = [int(self.cpus // cpus)] if cpus else []
        if gpus >= 1:
            room.append(int(self.gpus // gpus))
        elif gpus:
            room.append(int(self.gpus) * (_GPU_GRAINS // round(gpus * _GPU_GRAINS)))
        return min(room, default=sys.maxsize)


def join_cluster(address: str | None) -> bool:
    """Connect this process to a cluster; return False where it is connected already.

    `ray.shutdown` ends the connection, and the cluster itself only where it was started here.

    Args:
        address: `host:port` of a running cluster, `ray://host:port`, or `auto` for the one
            that runs on this machine. None starts one.

    Raises:
        PlatformError: Nothing answers there, or what answers is no cluster that can be joined.
    """
    if ray.is_initialized():
        return False
    own: dict[str, Any]
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address is None:
        own = {"include_dashboard": False, "object_store_memory": _OBJECT_STORE_BYTES}
        ray.init("local", **own, **quiet)
    else:
        _check_answers(address)
        ray.init(address, **quiet)
    return True


def nodes() -> list[Node]:
    """Return the nodes that are alive."""
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    return [Node(has.get("CPU", 0.0), has.get("GPU", 0.0)) for has in alive]


def threads_of(workers: WorkerSettings, nodes: Iterable[Node]) -> int:
    """Return the CPU threads of each worker: the most with which all of them find a place.

    Args:
        workers: `threads` is taken as it is where it is given.
        nodes: The cluster.
    """
    nodes = list(nodes)
    most = int(max((node.cpus for node in nodes), default=1))
    fitting = (
        cpus
        for cpus in range(most, 1, -1)
        if sum(node.places(cpus, workers.gpus) for node in nodes) >= workers.count
    )
    return workers.threads or next(fitting, 1)


def check_room(workers: WorkerSettings, nodes: Iterable[Node]) -> str | None:
    """Refuse workers for which there is no room.

    A cluster of this machine alone never grows and has to hold all of them; CPU threads are no
    limit there. A cluster that runs already may have room for some, until nodes join.

    Args:
        workers: The workers wanted; `threads` must be set where the cluster runs already.
        nodes: The cluster.

    Returns:
        In plain words, how many have to wait; None where there is room for all.

    Raises:
        PlatformError: The room is too small.
    """
    nodes = list(nodes)
    joined = workers.ray_address is not None
    threads = workers.threads or 1 if joined else 0
    room = sum(node.places(threads, workers.gpus) for node in nodes)
    if room >= workers.count:
        return None
    each = f"{workers.gpus:g} GPUs" + (f" and {threads} CPU threads" if joined else "")
    there = f"{sum(node.gpus for node in nodes):g} GPUs"
    there += f" and {sum(node.cpus for node in nodes):g} CPUs, on {len(nodes)} nodes," * joined
    what = f"{workers.count} workers with {each} each: {there} have room for {room}"
    if joined and room:
        return f"{what}; the others start when nodes join"
    raise PlatformError(
        what,
        where="workers",
        help="lower workers.count or workers.threads, share GPUs with a fraction, or set "
        "workers.gpus to 0",
    )


def _check_answers(address: str) -> None:
    """Refuse an address in seconds; Ray itself would go on trying it for many minutes."""
    refusal = PlatformError(
        f"no Ray cluster answers at {address}",
        where="workers.ray_address",
        help="see that `ray status` works on this machine, which must be a node of the cluster "
        "itself (ray start --address=HEAD:6379), or leave the address out",
    )
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if host:
            socket.create_connection((host.strip("[]"), int(port)), _ANSWER_S).close()
        joined = subprocess.run(
            [sys.executable, "-c", _JOIN, address], capture_output=True, text=True, timeout=_JOIN_S
        )
    except (OSError, subprocess.TimeoutExpired):
        raise refusal from None
    if joined.returncode:
        lines = joined.stderr.strip().splitlines()
        refusal.what += f": {lines[-1].rstrip('.')}" if lines and host else ""
        raise refusal
