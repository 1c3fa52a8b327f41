from pathlib import Path

import pytest
from optuna.samplers import RandomSampler
from synthetic import BRANCHED, formula, toy_space

from evomerge.errors import Failure
from evomerge.recipe.recipe import Recipe
from evomerge.search.records.record import Pending, Twin, WithoutRecipe
from evomerge.search.records.study import RunStudy
from evomerge.workers.protocol import Failed, Scored

RECIPE = Recipe.from_document({"merge_method": "linear", "models": [{"model": "a"}]})


def test_records_read_back_equal(tmp_path: Path) -> None:
    study = RunStudy(tmp_path / "j", origin="/spaces/toy.yaml")
    pending = study.enqueue("generation0", "blend", "linear uniform", RECIPE)
    assert study.pending("generation0") == [pending]
    result = Scored("k", formula(RECIPE, "quick"), seconds={"merge": 0.5}, worker="ray-1")
    first = study.finish(pending, result, (0.5,))
    again = study.enqueue("generation0", "blend", "again", RECIPE)
    twin = study.finish(again, result, (0.5,), twin=Twin("generation0", 0), elapsed_s=2.5)
    failed = study.fail(
        study.enqueue("confirm", "sampled", "trial 3", RECIPE),
        Failed("k", Failure.NAN_WEIGHTS, "NaN in lm_head"),
    )
    reader = RunStudy(tmp_path / "j", writable=False)
    assert reader.records("generation0") == [first, twin]
    assert reader.records("confirm") == [failed]
    assert twin.twin == Twin(first.stage, first.number)
    assert failed.result.failure is Failure.NAN_WEIGHTS
    assert reader.elapsed_s == 2.5
    assert reader.origin == Path("/spaces/toy.yaml")


def test_seconds_that_are_spent_are_kept(tmp_path: Path) -> None:
    study = RunStudy(tmp_path / "j")
    study.spend(3.5)
    study.spend(2.0)
    assert RunStudy(tmp_path / "j", writable=False).elapsed_s == 3.5


def test_pareto_keeps_a_value_for_each_task(tmp_path: Path) -> None:
    study = RunStudy(tmp_path / "j", 2)
    pending = study.enqueue("search", "sampled", "trial 0", RECIPE)
    study.finish(pending, Scored("k", formula(RECIPE, "quick")), (0.1, 0.9))
    assert RunStudy(tmp_path / "j", 2).records("search")[0].value == (0.1, 0.9)


def test_a_proposal_is_in_the_journal_whole(tmp_path: Path) -> None:
    space = toy_space(BRANCHED)
    pending = RunStudy(tmp_path / "j").propose(space, RandomSampler(seed=1))
    assert isinstance(pending, Pending)
    assert pending.recipe == space.recipe(pending.params)
    assert RunStudy(tmp_path / "j").pending("search") == [pending]


def test_values_that_give_no_recipe_are_kept_with_the_reason(tmp_path: Path) -> None:
    text = """
models: {a: /models/a, b: /models/b}
recipes:
  - merge_method: linear
    models:
      - {model: a, parameters: {weight: {choice: [0.0, 0]}}}
      - {model: b, parameters: {weight: 0}}
"""
    pending = RunStudy(tmp_path / "j").propose(toy_space(text), RandomSampler(seed=1))
    assert isinstance(pending, WithoutRecipe)
    assert "sum to zero" in pending.why
    assert RunStudy(tmp_path / "j").pending("search") == [pending]


def test_reading_a_study_that_is_not_there(tmp_path: Path) -> None:
    study = RunStudy(tmp_path / "j", writable=False)
    assert study.records("search") == []
    assert study.origin is None
    assert not (tmp_path / "j").exists()


@pytest.mark.parametrize("stage", ["generation0", "search", "confirm", "held_out"])
def test_every_stage_counts_from_zero(tmp_path: Path, stage: str) -> None:
    study = RunStudy(tmp_path / "j")
    numbers = [study.enqueue(stage, "blend", "x", RECIPE).number for _ in range(2)]  # type: ignore[arg-type]
    assert numbers == [0, 1]
    assert study.count(stage) == 2  # type: ignore[arg-type]
