"""Evolutionary merge search for language models.

What a notebook or a script needs is here by name and is loaded when it is first used; docs/api.md
shows it at work.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from evomerge.api.models import merge_recipe, score
    from evomerge.api.runs import OpenRun, open_run
    from evomerge.api.searches import Finished, run_search
    from evomerge.api.spaces import Choice, Float, Int, read_space
    from evomerge.errors import (
        EvomergeError,
        Failure,
        InputError,
        PlatformError,
        RunConflict,
        TrialError,
    )
    from evomerge.evaluate.scores import Scores, TaskScore
    from evomerge.recipe.recipe import Recipe
    from evomerge.search.events import Listener, Progress
    from evomerge.search.finals.outcome import Outcome
    from evomerge.search.records.record import FailedTrial, ScoredTrial, TrialRecord
    from evomerge.space.space import Space

_HOMES = {
    "api.models": ("merge_recipe", "score"),
    "api.runs": ("OpenRun", "open_run"),
    "api.searches": ("Finished", "run_search"),
    "api.spaces": ("Choice", "Float", "Int", "read_space"),
    "errors": (
        "EvomergeError",
        "Failure",
        "InputError",
        "PlatformError",
        "RunConflict",
        "TrialError",
    ),
    "evaluate.scores": ("Scores", "TaskScore"),
    "recipe.recipe": ("Recipe",),
    "search.events": ("Listener", "Progress"),
    "search.finals.outcome": ("Outcome",),
    "search.records.record": ("FailedTrial", "ScoredTrial", "TrialRecord"),
    "space.space": ("Space",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Choice",
    "EvomergeError",
    "FailedTrial",
    "Failure",
    "Finished",
    "Float",
    "InputError",
    "Int",
    "Listener",
    "OpenRun",
    "Outcome",
    "PlatformError",
    "Progress",
    "Recipe",
    "RunConflict",
    "ScoredTrial",
    "Scores",
    "Space",
    "TaskScore",
    "TrialError",
    "TrialRecord",
    "__version__",
    "merge_recipe",
    "open_run",
    "read_space",
    "run_search",
    "score",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'evomerge' has no attribute {name!r}")
    return getattr(import_module(f"evomerge.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
