"""The seam between the search and the machines: jobs go in, results come out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from evomerge.errors import Failure
from evomerge.evaluate.scores import Scores
from evomerge.space.recipe import Recipe
from evomerge.space.settings import Documents, EvaluateSettings, WorkerSettings


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
    """

    locations: Mapping[str, str]
    evaluate: EvaluateSettings
    workers: WorkerSettings
    cache: str
    plugins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """One recipe to merge and score.

    Args:
        key: The search's own name for this job, unique among those in flight.
        recipe: The recipe, references as the space writes them.
        documents: The set of documents to score on.
    """

    key: str
    recipe: Recipe
    documents: Documents = "quick"


@dataclass(frozen=True)
class TrialResult:
    """What came of a job: scores, or a named failure.

    Args:
        key: The job's key.
        scores: The scores, or None where it failed.
        failure: The named reason, or None where it succeeded.
        message: The failure's details; empty where it succeeded.
        seconds: Wall seconds of each stage: `merge`, `place`, `score`, `total`.
        worker: The worker's name, such as `local` or `ray-1`.
        retries: How often the job was handed out again after a worker died.
    """

    key: str
    scores: Scores | None
    failure: Failure | None = None
    message: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    worker: str = "local"
    retries: int = 0


class WorkerPool(Protocol):
    """Workers behind one door. Not thread-safe; owned by the search's one driver thread."""

    @property
    def capacity(self) -> int:
        """How many jobs can be in flight at once."""
        ...

    def submit(self, job: Job) -> None:
        """Hand out a job. Call only while fewer than `capacity` are in flight."""
        ...

    def next_result(self) -> TrialResult:
        """Wait for the next finished job, in any order.

        Raises:
            InputError: A worker could not be built: model files or tasks are wrong.
        """
        ...

    def close(self) -> None:
        """Stop every worker; what runs is abandoned. Idempotent."""
        ...
