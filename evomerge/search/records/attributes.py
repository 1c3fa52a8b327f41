"""How a trial is kept in Optuna's study: as user attributes of plain JSON.

What is written here stays readable: a run goes on under later versions.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from optuna.trial import FrozenTrial

from evomerge.errors import Failure
from evomerge.evaluate.scores import Scores
from evomerge.recipe.recipe import Recipe
from evomerge.search.records.record import (
    FailedTrial,
    Kind,
    ParameterGradient,
    Pending,
    ScoredTrial,
    Stage,
    Step,
    TrialRecord,
    Twin,
    WithoutRecipe,
)
from evomerge.workers.protocol import Failed, Scored, TrialResult

_STEP, _GRADIENT = "step", "gradient"
_FAILURES = {str(failure): failure for failure in Failure}


def origin_attributes(kind: Kind, label: str, recipe: Recipe | str) -> dict[str, Any]:
    """Return what is kept of a trial as it begins.

    Args:
        kind: Where the recipe came from.
        label: For people.
        recipe: What to score, or why there is none.
    """
    what = {"invalid": recipe} if isinstance(recipe, str) else {"recipe": recipe.canonical}
    return {"kind": kind, "label": label, **what}


def step_attributes(step: Step) -> dict[str, Any]:
    """Return what is kept of a trial's place in a chain."""
    return {_STEP: asdict(step)}


def result_attributes(
    result: TrialResult, twin: Twin | None = None, gradient: ParameterGradient | None = None
) -> dict[str, Any]:
    """Return what is kept of a trial as it ends."""
    if isinstance(result, Scored):
        scores, failure, message = result.scores.to_json(), None, ""
    else:
        scores, failure, message = None, str(result.failure), result.message
    kept: dict[str, Any] = {
        "result": {
            "key": result.key,
            "scores": scores,
            "failure": failure,
            "message": message,
            "seconds": dict(result.seconds),
            "worker": result.worker,
            "retries": result.retries,
        }
    }
    if twin is not None:
        kept |= {"duplicate_of": twin.number, "duplicate_stage": twin.stage}
    if gradient is not None:
        kept[_GRADIENT] = asdict(gradient)
    return kept


def read_begun(stage: Stage, trial: FrozenTrial) -> Pending | WithoutRecipe:
    """Return a trial that has not ended."""
    if "recipe" in trial.user_attrs:
        return read_pending(stage, trial)
    return WithoutRecipe(**_begun(stage, trial), why=trial.user_attrs["invalid"])


def read_pending(stage: Stage, trial: FrozenTrial) -> Pending:
    """Return a trial that has a recipe and has not ended."""
    return Pending(**_begun(stage, trial), recipe=Recipe(trial.user_attrs["recipe"]))


def read_ended(stage: Stage, trial: FrozenTrial) -> TrialRecord:
    """Return a trial that has ended."""
    failed = trial.user_attrs["result"]["failure"]
    return read_failed(stage, trial) if failed else read_scored(stage, trial)


def read_scored(stage: Stage, trial: FrozenTrial) -> ScoredTrial:
    """Return a trial that has scores."""
    attributes, result = trial.user_attrs, trial.user_attrs["result"]
    twin = None
    if "duplicate_of" in attributes:
        twin = Twin(attributes["duplicate_stage"], attributes["duplicate_of"])
    return ScoredTrial(
        **_begun(stage, trial),
        recipe=Recipe(attributes["recipe"]),
        result=Scored(**_run(result), scores=Scores.from_json(result["scores"])),
        value=tuple(trial.values),
        twin=twin,
        gradient=read_gradient(trial),
    )


def read_gradient(trial: FrozenTrial) -> ParameterGradient | None:
    """Return the gradient that a trial has; None where it has none."""
    kept = trial.user_attrs.get(_GRADIENT)
    return None if kept is None else ParameterGradient(**kept)


def read_failure(trial: FrozenTrial) -> Failure | None:
    """Return why a trial failed; None where it did not, or does not say."""
    kept = trial.user_attrs.get("result", {}).get("failure")
    return None if kept is None else _FAILURES[kept]


def read_step(trial: FrozenTrial) -> Step | None:
    """Return a trial's place in a chain; None where it is in none."""
    kept = trial.user_attrs.get(_STEP)
    return None if kept is None else Step(**kept)


def read_failed(stage: Stage, trial: FrozenTrial) -> FailedTrial:
    """Return a trial that failed."""
    attributes, result = trial.user_attrs, trial.user_attrs["result"]
    return FailedTrial(
        **_begun(stage, trial),
        recipe=Recipe(attributes["recipe"]) if "recipe" in attributes else None,
        result=Failed(
            **_run(result), failure=_FAILURES[result["failure"]], message=result["message"]
        ),
    )


def _begun(stage: Stage, trial: FrozenTrial) -> dict[str, Any]:
    attributes = trial.user_attrs
    return {
        "number": trial.number,
        "stage": stage,
        "kind": attributes["kind"],
        "label": attributes["label"],
        "params": dict(trial.params),
        "step": read_step(trial),
    }


def _run(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of how a trial ran, whether it failed or not."""
    return {key: result[key] for key in ("key", "seconds", "worker", "retries")}
