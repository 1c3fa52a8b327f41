"""A search space: recipes with holes, and the settings of the search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from evomerge.space.recipe import Recipe
from evomerge.space.settings import (
    BudgetSettings,
    EvaluateSettings,
    Objective,
    SearchSettings,
    WorkerSettings,
)


class Suggests(Protocol):
    """What proposes values: an Optuna trial, or anything with these three methods."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float: ...

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int: ...

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any: ...


@dataclass(frozen=True)
class Space:
    """A search space as read from its file.

    Args:
        name: The run's name.
        path: The file it was read from.
        source: The file's text after overrides, as kept in the run's folder.
        models: Short name → reference as written; folders are made absolute.
        templates: The recipes, holes unfilled.
        evaluate: Tasks and documents.
        objective: How task scores become one value, or `pareto` for one a task.
        search: Sampler and seed.
        budget: Trials and hours.
        workers: Count, devices and mode.
    """

    name: str
    path: Path
    source: str
    models: Mapping[str, str]
    templates: tuple[Any, ...]
    evaluate: EvaluateSettings
    objective: Objective
    search: SearchSettings
    budget: BudgetSettings
    workers: WorkerSettings

    def suggest(self, trial: Suggests) -> dict[str, Any]:
        """Draw one point: readable parameter name → value, conditional on the recipe drawn."""
        raise NotImplementedError

    def recipe(self, params: Mapping[str, Any]) -> Recipe:
        """Fill the holes with `params`; model references are those of `models`' values.

        Raises:
            TrialError: `INVALID_RECIPE`: values that mergekit could not merge together,
                such as linear weights that sum to zero.
        """
        raise NotImplementedError


def load_space(path: Path, overrides: Sequence[str] = ()) -> Space:
    """Read a space file.

    Args:
        path: The YAML file.
        overrides: `key.path=value` settings laid over it, such as `budget.trials=20`.

    Raises:
        InputError: Every mistake in the file at once, each at `file:line:column`.
    """
    raise NotImplementedError
