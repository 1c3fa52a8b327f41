"""What the search remembers of each recipe it scored. The study holds them; all else reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from evomerge.recipe.recipe import Recipe
from evomerge.settings import Documents
from evomerge.workers.protocol import TrialResult

Kind = Literal["base", "parent", "blend", "sampled"]
Stage = Literal["generation0", "search", "confirm", "held_out"]


@dataclass(frozen=True)
class TrialRecord:
    """A recipe, where it came from, and what it scored on one set of documents.

    Args:
        number: Unique and ascending within its `stage` of the run, from 0.
        stage: `generation0`, `search`, `confirm` or `held_out`.
        kind: `base`, `parent` (a model alone), `blend` (a fixed blend of generation 0) or
            `sampled` (a point of the space).
        label: For people: `parent rev`, `linear uniform`, `task_arithmetic λ=0.3`, `trial 17`.
        recipe: The recipe, references as the space writes them; None where the sampled
            values gave none (`INVALID_RECIPE`).
        params: Sampled parameters; empty for generation 0.
        result: Scores, or the named failure.
        value: The objective, higher is better; one number a task for `pareto`; empty on
            failure.
        duplicate_of: Number of the earlier trial whose scores were reused, or None.
        duplicate_stage: That trial's stage; None where `duplicate_of` is.
    """

    number: int
    stage: Stage
    kind: Kind
    label: str
    recipe: Recipe | None
    params: Mapping[str, Any]
    result: TrialResult
    value: tuple[float, ...] = field(default=())
    duplicate_of: int | None = None
    duplicate_stage: Stage | None = None

    @property
    def documents(self) -> Documents:
        """The set of documents it was scored on."""
        return documents_of(self.stage)


def documents_of(stage: Stage) -> Documents:
    """Return the set of documents that a stage scores on."""
    return stage if stage in ("confirm", "held_out") else "quick"
