"""The end of a small search, made by hand."""

from pathlib import Path

import pytest

from evomerge.errors import Failure
from evomerge.evaluate.scores import Scores, TaskScore
from evomerge.evaluate.statistics import Gain
from evomerge.recipe.recipe import Recipe
from evomerge.search.finals.outcome import Comparison, Judgement, Outcome
from evomerge.search.records.record import FailedTrial, Kind, ScoredTrial
from evomerge.space.reading.load import read_space
from evomerge.space.space import Space
from evomerge.workers.protocol import Failed, Scored

SPACE = """\
name: reported
models: {base: /m/base, a: /m/a, b: /m/b}
recipes:
  - merge_method: linear
    models:
      - {model: a, parameters: {weight: {float: [0.1, 1]}}}
      - {model: b, parameters: {weight: 1}}
    dtype: float32
evaluate: {tasks: [{task: my_next, metric: acc}, {task: my_pick, metric: acc}]}
"""


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return read_space(SPACE, tmp_path / "reported.yaml")


def record(kind: Kind, label: str, weight: float, right: tuple[int, int]) -> ScoredTrial:
    models = [{"model": "a", "parameters": {"weight": weight}}, {"model": "b"}]
    recipe = Recipe.from_document({"merge_method": "linear", "models": models, "dtype": "float32"})
    ids = tuple(range(20))
    scores = [
        TaskScore(task, "acc", n / 20, ids, tuple(float(i < n) for i in ids))
        for task, n in zip(("my_next", "my_pick"), right, strict=True)
    ]
    result = Scored("key", Scores("held_out", tuple(scores)), seconds={"total": 1.0})
    return ScoredTrial(3, "held_out", kind, label, {}, recipe, result, (sum(right) / 40,))


def failed(kind: Kind, label: str) -> FailedTrial:
    recipe = record(kind, label, 0.2, (1, 1)).recipe
    result = Failed("key", Failure.OUT_OF_MEMORY, "no memory")
    return FailedTrial(3, "held_out", kind, label, {}, recipe, result)


@pytest.fixture
def outcome() -> Outcome:
    winner = record("sampled", "trial 3", 0.5, (16, 12))
    parent, blend = (
        record("parent", "parent a", 1, (18, 2)),
        record("blend", "uniform", 0.1, (8, 9)),
    )
    broken = failed("base", "base")
    return Outcome(
        winner=winner,
        finalists=(winner,),
        confirmed=(winner,),
        held_out=(winner, parent, blend, broken),
        best_parent=parent,
        best_blend=blend,
        judgement=Judgement(
            winner=winner,
            over_parent=Comparison(Gain(0.2, 0.1, 0.3, 40), 0.1234),
            over_blend=Comparison(Gain(0.275, 0.2, 0.35, 40), 0.2),
            warnings=("40% of my_next's answers are empty (0% before)",),
        ),
        verdict="The winner wins.",
        n_recipes=12,
        failures={Failure.OUT_OF_MEMORY: 1},
    )
