"""Workers are told where the models of their space lie."""

from pathlib import Path

from evomerge.space.reading.load import read_space
from evomerge.workers.spec import evaluate_located, worker_spec

SPACE = """
models: {one: a/x, two: b/y}
recipes:
  - {merge_method: linear, models: [{model: one}, {model: two}], parameters: {weight: 0.5}}
evaluate: {tasks: [{task: toy, metric: acc}], task_path: tasks}
"""


def test_only_what_a_worker_needs_is_told(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    space = read_space(SPACE, tmp_path / "space.yaml")
    where = {reference: f"/there/{i}" for i, reference in enumerate(space.references)}
    spec = worker_spec(space, where | {"another": "/x"}, "/cache")
    assert spec.locations == where
    assert spec.cache == "/cache/adapters"
    assert spec.evaluate == space.evaluate
    path = space.evaluate.task_path
    assert path is not None
    assert evaluate_located(space.evaluate, {path: "/real"}).task_path == "/real"
