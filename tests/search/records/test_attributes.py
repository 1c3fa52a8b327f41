import json
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState
from synthetic import formula

from evomerge.errors import Failure
from evomerge.recipe.recipe import Recipe
from evomerge.search.records.attributes import (
    origin_attributes,
    read_begun,
    read_ended,
    result_attributes,
    step_attributes,
)
from evomerge.search.records.record import (
    FailedTrial,
    ParameterGradient,
    Pending,
    ScoredTrial,
    Step,
    Twin,
    WithoutRecipe,
)
from evomerge.workers.protocol import Failed, Scored

RECIPE = Recipe.from_document({"merge_method": "linear", "models": [{"model": "a"}]})
SCORED = Scored("search-0", formula(RECIPE, "quick"), seconds={"total": 1.5}, worker="ray-1")
FAILED = Failed("search-0", Failure.TIME_LIMIT, "took over 5 s", retries=1)


def trial(attributes: dict[str, Any], value: float | None = None) -> FrozenTrial:
    state = TrialState.FAIL if value is None else TrialState.COMPLETE
    return optuna.create_trial(value=value, state=state, user_attrs=attributes)


@pytest.mark.parametrize("twin", [None, Twin("generation0", 4)])
def test_a_scored_trial_reads_back_equal(twin: Twin | None) -> None:
    kept = origin_attributes("sampled", "trial 0", RECIPE) | result_attributes(SCORED, twin)
    read = read_ended("search", trial(kept, 0.5))
    assert isinstance(read, ScoredTrial)
    assert (read.recipe, read.result, read.value, read.twin) == (RECIPE, SCORED, (0.5,), twin)
    assert (read.kind, read.label, read.documents) == ("sampled", "trial 0", "quick")


def test_a_step_and_its_gradient_read_back_equal() -> None:
    step = Step(2, 3, 20, 0.1 / 3, 17)
    gradient = ParameterGradient(0.1 + 0.2, {"w": -1 / 3})
    begun = origin_attributes("sampled", "trial 0", RECIPE) | step_attributes(step)
    kept = json.loads(json.dumps(begun | result_attributes(SCORED, gradient=gradient)))
    read = read_ended("search", trial(kept, 0.5))
    assert isinstance(read, ScoredTrial)
    assert (read.step, read.gradient) == (step, gradient)
    assert read_begun("search", trial(begun)).step == step


@pytest.mark.parametrize("recipe", [RECIPE, None])
def test_a_failed_trial_reads_back_equal(recipe: Recipe | None) -> None:
    kept = origin_attributes("sampled", "trial 0", recipe or "no recipe")
    read = read_ended("search", trial(kept | result_attributes(FAILED)))
    assert isinstance(read, FailedTrial)
    assert (read.recipe, read.result) == (recipe, FAILED)


def test_a_trial_that_has_not_ended() -> None:
    begun = read_begun("search", trial(origin_attributes("sampled", "trial 0", RECIPE)))
    assert isinstance(begun, Pending)
    assert begun.recipe == RECIPE
    without = read_begun("search", trial(origin_attributes("sampled", "trial 0", "sum is zero")))
    assert isinstance(without, WithoutRecipe)
    assert without.why == "sum is zero"


def test_what_is_written_has_one_form() -> None:
    """The form that studies have had since the first version."""
    assert result_attributes(FAILED, Twin("search", 3)) == {
        "result": {
            "key": "search-0",
            "scores": None,
            "failure": "time_limit",
            "message": "took over 5 s",
            "seconds": {},
            "worker": "local",
            "retries": 1,
        },
        "duplicate_of": 3,
        "duplicate_stage": "search",
    }
