"""The seam between the search and the machines: jobs go in, results come out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from evomerge.errors import Failure
from evomerge.evaluate.scores import Scores
from evomerge.recipe.leaves import Leaf
from evomerge.recipe.recipe import Recipe
from evomerge.settings import Documents, EvaluateSettings, Objective, WorkerSettings

_RETRIES, _SHRINK = 1, 4


@dataclass(frozen=True)
class WorkerSpec:
    """All that a worker is built from; picklable.

    Args:
        locations: Model reference as the space writes it → what mergekit can open: an
            absolute folder, a hub id, or `model+adapter` of those.
        evaluate: Tasks and documents.
        workers: Mode, threads, GPUs.
        cache: Absolute folder for merged adapters and other rebuildable files.
        plugins: Absolute paths of Python files that register merge methods.
        objective: What gradients are taken for; see `evaluate.objective.total_loss`.
    """

    locations: Mapping[str, str]
    evaluate: EvaluateSettings
    workers: WorkerSettings
    cache: str
    plugins: tuple[str, ...] = ()
    objective: Objective = "mean"


@dataclass(frozen=True)
class Job:
    """One recipe to merge and score.

    Args:
        key: The search's own name for this job, unique among those in flight.
        recipe: The recipe, references as the space writes them.
        documents: The set of documents to score on.
        shrink: What the batch is divided by: above 1 where an attempt ran out of memory.
        gradient: Whether the gradient of the loss is wanted beside the scores.
    """

    key: str
    recipe: Recipe
    documents: Documents = "quick"
    shrink: int = 1
    gradient: bool = False


@dataclass(frozen=True)
class Gradient:
    """How the loss of a recipe changes with the numbers of its parameters.

    Args:
        loss: The documents' loss, weighted as the objective weighs their tasks; lower is better.
        slopes: Leaf of the recipe → derivative of the loss; only of parameters that have one.
    """

    loss: float
    slopes: Mapping[Leaf, float]


@dataclass(frozen=True)
class _Ended:
    """What is known of every job that has come to an end.

    Args:
        key: The job's key.
        seconds: Wall seconds of each stage: `merge`, `place`, `score`, `total`.
        worker: The worker's name, such as `local` or `ray-1`.
        retries: How often the job was handed out again, after its worker died, hung or ran
            out of memory.
    """

    key: str
    seconds: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    worker: str = field(default="local", kw_only=True)
    retries: int = field(default=0, kw_only=True)


@dataclass(frozen=True)
class Scored(_Ended):
    """A job whose recipe was merged and scored.

    Args:
        scores: Its scores.
        gradient: The gradient that the job asked for; None where it asked for none, or none can
            be had.
        no_gradient: Why none can be had though the job asked for one; may be empty.
    """

    scores: Scores
    gradient: Gradient | None = field(default=None, kw_only=True)
    no_gradient: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Failed(_Ended):
    """A job that gave no scores.

    Args:
        failure: The named reason.
        message: The details.
    """

    failure: Failure
    message: str


TrialResult = Scored | Failed
"""What came of a job."""


def retried(job: Job, retries: int) -> Job | None:
    """Return the job to try after one that failed for want of memory or of its worker.

    Args:
        job: What failed.
        retries: How often it was handed out again before.

    Returns:
        The same recipe with a smaller batch, or None where it is to be recorded as failed.
    """
    return replace(job, shrink=_SHRINK) if retries < _RETRIES else None


def short_of_memory(result: TrialResult) -> bool:
    """Whether a job failed for want of memory."""
    return isinstance(result, Failed) and result.failure is Failure.OUT_OF_MEMORY


class RunsJobs(Protocol):
    """A worker: what a pool hands its jobs to."""

    def run(self, job: Job) -> TrialResult:
        """Merge and score one recipe."""
        ...


class WorkerPool(Protocol):
    """Workers behind one door. Not thread-safe; owned by the search's one driver thread."""

    @property
    def capacity(self) -> int:
        """How many jobs can be in flight at once; it may change while results are waited for."""
        ...

    def submit(self, job: Job) -> None:
        """Hand out a job. Call only while fewer than `capacity` are in flight."""
        ...

    def next_result(self) -> TrialResult | None:
        """Wait for the next finished job, in any order, or for room for another one.

        Returns:
            A result, or None where a worker has joined that has nothing to do.

        Raises:
            InputError: A worker could not be built: model files or tasks are wrong.
        """
        ...

    def close(self) -> None:
        """Stop every worker; what runs is abandoned. Idempotent."""
        ...
