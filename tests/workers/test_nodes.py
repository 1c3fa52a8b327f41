"""Real searches on Ray clusters of several nodes, all of them on this machine."""

import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import slow_search
from ray.cluster_utils import Cluster

from evomerge.search.records.run import read_run

SPACE = """
name: nodes
models: {{base: {base}, a: {a}, b: {b}}}
recipes:
  - merge_method: task_arithmetic
    base_model: base
    models:
      - {{model: a, parameters: {{weight: {{float: [0, 1.2]}}}}}}
      - {{model: b, parameters: {{weight: {{float: [0, 1.2]}}}}}}
    dtype: float32
evaluate:
  tasks: [{{task: toy_next, metric: acc}}]
  task_path: {tasks}
  quick: 12
  confirm: 12
  held_out: 12
  batch_size: 8
search: {{sampler: random}}
budget: {{trials: 24}}
workers: {{count: 3}}
"""
SMALL: dict[str, Any] = {"object_store_memory": 80 * 2**20, "include_dashboard": False}


@pytest.fixture
def nodes() -> Iterator[Cluster]:
    """A cluster whose head holds no worker, and two nodes with a core each."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **SMALL})
    for _ in range(2):
        cluster.add_node(num_cpus=1, **SMALL)
    yield cluster
    cluster.shutdown()


@pytest.mark.slow
def test_a_search_outlives_a_node_and_uses_one_that_joins(
    nodes: Cluster, family: dict[str, Path], task_path: Path, tmp_path: Path
) -> None:
    """Three workers wanted, two find a place; a node is killed, another one joins."""
    path = tmp_path / "space.yaml"
    path.write_text(SPACE.format(**family, tasks=task_path))
    words = [sys.executable, slow_search.__file__, str(path), nodes.address]
    lost = next(iter(nodes.worker_nodes))
    lines: list[str] = []
    with (
        open(tmp_path / "stderr", "w+") as stderr,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=stderr, text=True) as search,
    ):
        assert search.stdout
        for line in search.stdout:
            lines.append(line)
            stage_done = Counter(line.split()[0] for line in lines)
            if line.startswith("search") and stage_done["search"] == 4:
                nodes.remove_node(lost, allow_graceful=False)
            if line.startswith("search") and stage_done["search"] == 8:
                nodes.add_node(num_cpus=1, **SMALL)
        stderr.seek(0)
        assert (search.wait(), stderr.read()) == (0, "")

    rows = [line.split() for line in lines]
    assert all(len(row) == 4 for row in rows), "Ray's words among ours"
    assert {row[3] for row in rows} == {"None"}
    sampled = [row for row in rows if row[0] == "search"]
    assert len(sampled) == 24
    assert sum(int(row[2]) for row in rows) == 1, "what ran on the lost node ran once more"
    assert len({row[1] for row in sampled[14:]}) == 2, "the node that joined has work"
    _, study = read_run(tmp_path / "runs" / "nodes")
    assert sorted(record.number for record in study.records("search")) == list(range(24))
    assert not study.pending("search")
    assert len(nodes.worker_nodes) == 2
    assert all(node.remaining_processes_alive() for node in nodes.worker_nodes), "left as it was"


@pytest.mark.slow
def test_an_address_where_nothing_answers_is_refused(
    family: dict[str, Path], task_path: Path, tmp_path: Path
) -> None:
    """Not left to Ray, which tries for so long that this test would time out."""
    (tmp_path / "space.yaml").write_text(SPACE.format(**family, tasks=task_path))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
    words = ["-m", "evomerge", "search", "space.yaml", "--workers", "1", "--ray-address", address]
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 3
    assert f"error: workers.ray_address: no Ray cluster answers at {address}. help" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "runs").exists(), "no run began"
