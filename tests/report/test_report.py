"""What a person, and a machine, reads at the end of a search."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from evomerge.errors import Failure, PlatformError
from evomerge.evaluate.scores import Scores, TaskScore
from evomerge.evaluate.statistics import Gain
from evomerge.files import write_whole
from evomerge.recipe.recipe import Recipe
from evomerge.report.files import recipe_yaml, write_report
from evomerge.report.outcome_json import outcome_json
from evomerge.report.table import markdown_table, outcome_table, rows, summary_lines
from evomerge.search.outcome import Comparison, Judgement, Outcome
from evomerge.search.record import FailedTrial, Kind, ScoredTrial
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
LOCATIONS = {"base": "/m/base", "a": "/m/a", "b": "/m/b"}


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
        judgement=Judgement(
            winner=winner,
            over_parent=Comparison(parent, Gain(0.2, 0.1, 0.3, 40), 0.1234),
            over_blend=Comparison(blend, Gain(0.275, 0.2, 0.35, 40), 0.2),
            warnings=("40% of my_next's answers are empty (0% before)",),
        ),
        verdict="The winner wins.",
        n_recipes=12,
        failures={Failure.OUT_OF_MEMORY: 1},
    )


def test_the_table_shows_who_scored_what(outcome: Outcome, space: Space) -> None:
    header, body = rows(outcome, space)
    assert header == ["", "next", "pick", "mean [95% interval]", "winner's gain"]
    assert [row[0] for row in body] == ["trial 3 (linear)", "parent a", "uniform"]
    assert body[0][1:3] == ["0.800", "0.600"]
    assert body[0][3].startswith("0.700 [")
    assert body[0][4] == "winner"
    assert body[1][4].startswith("+0.200 [")
    low, high = (float(x) for x in body[1][4].split("[")[1].rstrip("]").split(","))
    assert low < 0.2 < high


def test_markdown_and_terminal_hold_the_same(outcome: Outcome, space: Space) -> None:
    lines = markdown_table(outcome, space).splitlines()
    assert len(lines) == 2 + 3
    assert len({line.count("|") for line in lines}) == 1
    console = Console(width=120)
    with console.capture() as shown:
        console.print(outcome_table(outcome, space))
    assert "40 held-out documents" in shown.get()
    for row in rows(outcome, space)[1]:
        for cell in row:
            assert cell in shown.get()
            assert cell in "\n".join(lines)


def test_the_lines_below_the_table(outcome: Outcome, space: Space) -> None:
    assert summary_lines(outcome, space) == [
        "12 recipes scored, 1 trial failed.",
        "Smallest gain over the best parent that these documents can show: 0.123.",
        "Warning: 40% of my_next's answers are empty (0% before).",
        "Verdict: The winner wins.",
    ]
    front = replace(outcome, front=(outcome.winner,), judgement=None)
    assert summary_lines(front, space)[1] == "Pareto front on the quick documents: trial 3."


def test_the_files_of_a_finished_run(outcome: Outcome, space: Space, tmp_path: Path) -> None:
    best = write_report(tmp_path, outcome, space, LOCATIONS, tmp_path / "adapters")
    text = best.read_text()
    assert "run reported, trial 3" in text
    assert "my_next acc 0.8000, my_pick acc 0.6000 on 40 held_out documents" in text
    exported = yaml.safe_load(text)
    assert exported["merge_method"] == "linear"
    assert [m["model"] for m in exported["models"]] == ["/m/a", "/m/b"]
    report = (tmp_path / "report.md").read_text()
    assert markdown_table(outcome, space) in report
    assert text in report
    data = json.loads((tmp_path / "report.json").read_text())
    assert data == json.loads(json.dumps(outcome_json(outcome)))
    assert data["gain_over_best_parent"]["low"] == 0.1
    assert data["held_out"][3]["failure"] == Failure.OUT_OF_MEMORY
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best.yaml", "report.json", "report.md"]


def test_a_recipe_without_scores_exports_without_figures(space: Space, tmp_path: Path) -> None:
    bare = failed("sampled", "trial 3")
    assert bare.recipe
    text = recipe_yaml(bare.recipe, bare, space, LOCATIONS, lora_cache=tmp_path)
    assert "acc" not in text
    assert "trial 3" in text


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    taken = tmp_path / "best.yaml"
    taken.mkdir()
    with pytest.raises(PlatformError, match="cannot be written"):
        write_whole(taken, "text")
    assert [p.name for p in tmp_path.iterdir()] == ["best.yaml"]
