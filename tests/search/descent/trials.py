"""Trials of a study, made by hand."""

from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from evomerge.errors import Failure
from evomerge.search.records.attributes import step_attributes
from evomerge.search.records.record import Step


def trial(
    number: int,
    step: Step | None,
    at: float | dict[str, Any] = 0.5,
    *,
    value: float | None = None,
    slope: float | None = None,
    loss: float = 1.0,
    state: TrialState | None = None,
    failure: Failure | None = None,
) -> FrozenTrial:
    """Return a trial with parameter `w`; it has failed unless it has a value or runs."""
    params = at if isinstance(at, dict) else {"w": at}
    kept: dict[str, Any] = step_attributes(step) if step else {}
    if slope is not None:
        kept["gradient"] = {"loss": loss, "slopes": dict.fromkeys(params, slope)}
    if failure is not None:
        kept["result"] = {"failure": str(failure)}
    ended = TrialState.FAIL if value is None else TrialState.COMPLETE
    made = optuna.create_trial(
        params=params,
        distributions={
            name: optuna.distributions.CategoricalDistribution([value])
            if isinstance(value, str)
            else optuna.distributions.FloatDistribution(0, 2)
            for name, value in params.items()
        },
        user_attrs=kept,
        value=value,
        state=ended if state is None else state,
    )
    made.number = number
    return made
