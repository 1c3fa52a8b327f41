"""A whole search of real merges: in process and on Ray actors, the same records."""

from pathlib import Path

import pytest

from evomerge.search.driver import run_search
from evomerge.search.records.record import STAGES, ScoredTrial
from evomerge.search.records.run import Run
from evomerge.space.reading.load import read_space
from evomerge.workers import open_pool
from evomerge.workers.protocol import WorkerSpec

SPACE = """
name: family
models: {{base: {base}, a: {a}, b: {b}}}
recipes:
  - merge_method: {{choice: [ties, dare_linear]}}
    base_model: base
    models:
      - {{model: a, parameters: {{weight: {{float: [0, 1.2]}}, density: {{float: [0.2, 1]}}}}}}
      - {{model: b, parameters: {{weight: {{float: [0, 1.2]}}, density: {{float: [0.2, 1]}}}}}}
    dtype: float32
  - merge_method: slerp
    base_model: a
    models: [{{model: a}}, {{model: b}}]
    parameters: {{t: {{float: [0, 1], layers: 3}}}}
    dtype: float32
evaluate:
  tasks: [{{task: toy_next, metric: acc}}, {{task: toy_pick, metric: acc}}]
  task_path: {tasks}
  quick: 12
  confirm: 12
  held_out: 12
  batch_size: 8
search: {{sampler: random}}
budget: {{trials: 6}}
workers: {{count: {count}, threads: 1}}
"""


def search(
    count: int, family: dict[str, Path], task_path: Path, folder: Path
) -> list[tuple[object, ...]]:
    text = SPACE.format(**family, tasks=task_path, count=count)
    space = read_space(text, folder / "space.yaml")
    locations = {reference: reference for reference in space.references}
    spec = WorkerSpec(locations, space.evaluate, space.workers, str(folder / "cache"))
    pool = open_pool(spec)
    with Run.open(space, folder / "runs") as run:
        outcome = run_search(run, pool)
        records = [r for stage in STAGES for r in run.study.records(stage)]
    pool.close()
    assert outcome.winner.value
    assert all(isinstance(r, ScoredTrial) for r in records)
    if count > 1:
        assert {r.result.worker for r in records} <= {"ray-0", "ray-1"}
    return [essence(r) for r in sorted(records, key=lambda r: (r.stage, r.number))]


def essence(record: ScoredTrial) -> tuple[object, ...]:
    return record.stage, record.number, record.recipe, record.value, record.result.scores


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_ray_and_this_process_agree(
    family: dict[str, Path], task_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    alone = search(1, family, task_path, tmp_path / "one")
    assert len({repr(row[4]) for row in alone if row[0] == "search"}) > 1
    assert search(2, family, task_path, tmp_path / "two") == alone
