"""How a trial is kept in Optuna's study: as user attributes of plain JSON.

What is written here stays readable: a run goes on under later versions.
"""

from collections.abc import Mapping
from typing import Any

from optuna.trial import FrozenTrial

from evomerge.errors import Failure
from evomerge.evaluate.scores import Scores
from evomerge.recipe.recipe import Recipe
from evomerge.search.records.record import (
    FailedTrial,
    Kind,
    Pending,
    ScoredTrial,
    Stage,
    TrialRecord,
    Twin,
    WithoutRecipe,
)
from evomerge.workers.protocol import Failed, Scored, TrialResult


def origin_attributes(kind: Kind, label: str, recipe: Recipe | str) -> dict[str, Any]:
    """Return what is kept of a trial as it begins.

    Args:
        kind: Where the recipe came from.
        label: For people.
        recipe: What to score, or why there is none.
    """
    what = {"invalid": recipe} if isinstance(recipe, str) else {"recipe": recipe.canonical}
    return {"kind": kind, "label": label, **what}


def result_attributes(result: TrialResult, twin: Twin | None = None) -> dict[str, Any]:
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
    return kept


def read_pending(stage: Stage, trial: FrozenTrial) -> Pending | WithoutRecipe:
    """Return a trial that has not ended."""
    attributes = trial.user_attrs
    if "recipe" in attributes:
        return Pending(**_begun(stage, trial), recipe=Recipe(attributes["recipe"]))
    return WithoutRecipe(**_begun(stage, trial), why=attributes["invalid"])


def read_record(stage: Stage, trial: FrozenTrial) -> TrialRecord:
    """Return a trial that has ended."""
    attributes, result = trial.user_attrs, _read_result(trial.user_attrs["result"])
    recipe = Recipe(attributes["recipe"]) if "recipe" in attributes else None
    if isinstance(result, Failed) or recipe is None:
        assert isinstance(result, Failed)
        return FailedTrial(**_begun(stage, trial), recipe=recipe, result=result)
    twin = None
    if "duplicate_of" in attributes:
        twin = Twin(attributes["duplicate_stage"], attributes["duplicate_of"])
    value = tuple(trial.values)
    return ScoredTrial(**_begun(stage, trial), recipe=recipe, result=result, value=value, twin=twin)


def _begun(stage: Stage, trial: FrozenTrial) -> dict[str, Any]:
    attributes = trial.user_attrs
    return {
        "number": trial.number,
        "stage": stage,
        "kind": attributes["kind"],
        "label": attributes["label"],
        "params": dict(trial.params),
    }


def _read_result(data: Mapping[str, Any]) -> TrialResult:
    how = {key: data[key] for key in ("key", "seconds", "worker", "retries")}
    if data["failure"]:
        return Failed(**how, failure=Failure[data["failure"].upper()], message=data["message"])
    return Scored(**how, scores=Scores.from_json(data["scores"]))
