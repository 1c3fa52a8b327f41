"""The life of a trial: pending, or without a recipe, then scored or failed. All are values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

from evomerge.recipe.recipe import Recipe
from evomerge.settings import Documents
from evomerge.workers.protocol import Failed, Scored

Kind = Literal["base", "parent", "blend", "sampled"]
Stage = Literal["generation0", "search", "confirm", "held_out"]
STAGES: tuple[Stage, ...] = get_args(Stage)


@dataclass(frozen=True)
class Step:
    """Where a trial stands in a chain of steps down a gradient, which its job is asked for.

    Args:
        chain: The chain's number, from 0.
        number: The trial's number in its chain, from 0.
        length: Trials that the chain will have at most.
        rate: Learning rate of the chain's first step.
        origin: Number of the trial from which the chain goes on; None where it starts afresh.
    """

    chain: int
    number: int
    length: int
    rate: float
    origin: int | None = None


@dataclass(frozen=True)
class ParameterGradient:
    """How the loss of a trial changes with the parameters of its space.

    Args:
        loss: The loss, lower is better.
        slopes: Parameter's name → derivative of the loss; only of parameters that have one.
    """

    loss: float
    slopes: Mapping[str, float]


@dataclass(frozen=True)
class _Trial:
    """What is known of a trial from its first moment on.

    Args:
        number: Unique and ascending within its `stage` of the run, from 0.
        stage: `generation0`, `search`, `confirm` or `held_out`.
        kind: `base`, `parent` (a model alone), `blend` (a fixed blend of generation 0) or
            `sampled` (a point of the space).
        label: For people: `parent rev`, `linear uniform`, `task_arithmetic λ=0.3`, `trial 17`.
        params: Sampled parameters; empty but for trials of `search`.
        step: Its place in a chain of steps; None where it asks for no gradient.
    """

    number: int
    stage: Stage
    kind: Kind
    label: str
    params: Mapping[str, Any]
    step: Step | None = field(default=None, kw_only=True)

    @property
    def documents(self) -> Documents:
        """The set of documents it is scored on."""
        return documents_of(self.stage)


@dataclass(frozen=True)
class Pending(_Trial):
    """A trial that is in the study and has no result yet.

    Args:
        recipe: What to score, references as the space writes them.
    """

    recipe: Recipe


@dataclass(frozen=True)
class WithoutRecipe(_Trial):
    """A trial that is in the study and whose sampled values gave no recipe.

    Args:
        why: The reason, for people.
    """

    why: str


class Twin(NamedTuple):
    """The earlier trial of the same recipe whose scores were reused."""

    stage: Stage
    number: int


@dataclass(frozen=True)
class ScoredTrial(_Trial):
    """A recipe, and what it scored on one set of documents.

    Args:
        recipe: The recipe.
        result: Its scores.
        value: The objective, higher is better, finite; one number a task for `pareto`.
        twin: Where the scores were taken from; None where the recipe was run.
        gradient: What its job was asked for; None where it was not, or where there is none.
    """

    recipe: Recipe
    result: Scored
    value: tuple[float, ...]
    twin: Twin | None = None
    gradient: ParameterGradient | None = None


@dataclass(frozen=True)
class FailedTrial(_Trial):
    """A trial that gave no value.

    Args:
        recipe: The recipe; None where the sampled values gave none.
        result: The named failure.
    """

    recipe: Recipe | None
    result: Failed


TrialRecord = ScoredTrial | FailedTrial
"""A trial that has ended. The study holds them; all else reads."""


def documents_of(stage: Stage) -> Documents:
    """Return the set of documents that a stage scores on."""
    return stage if stage in ("confirm", "held_out") else "quick"
