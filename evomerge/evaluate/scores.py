"""What a recipe scored, document by document. Pure values: no torch, no lm-eval."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class TaskScore:
    """One task's score on one set of documents.

    Args:
        task: lm-eval's task name.
        metric: Metric name, such as `acc`.
        value: The metric as lm-eval aggregates it over these documents.
        doc_ids: Indices into the task's documents, ascending, length n.
        per_doc: The metric of each document, aligned with `doc_ids`, length n; NaN where
            a metric has no value for a single document.
        higher_is_better: Direction of the metric.
        losses: How wrong the model is about each document, in nats, aligned with `doc_ids`,
            length n; NaN where a document has no label. None where the task has no loss, or one
            that was not asked for. Lower is better.
    """

    task: str
    metric: str
    value: float
    doc_ids: tuple[int, ...]
    per_doc: tuple[float, ...]
    higher_is_better: bool = True
    losses: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Scores:
    """A recipe's scores on one set of documents.

    Args:
        documents: Which set: `quick`, `confirm` or `held_out`.
        tasks: One score a task, in the order of the space file.
        guards: Shares in [0, 1] that could make a score a lie, named `task/guard`:
            `truncated`, `unparsed`, `empty`, `repeating`. Only generative tasks have them.
    """

    documents: str
    tasks: tuple[TaskScore, ...]
    guards: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, task: str) -> TaskScore:
        for score in self.tasks:
            if score.task == task:
                return score
        raise KeyError(task)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types; `from_json` is the inverse."""
        return {
            "documents": self.documents,
            "tasks": [
                {
                    k: list(v) if isinstance(v, tuple) else v
                    for k, v in vars(t).items()
                    if v is not None
                }
                for t in self.tasks
            ],
            "guards": dict(self.guards),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Scores":
        """Rebuild what `to_json` wrote."""
        return cls(data["documents"], tuple(map(_task, data["tasks"])), dict(data["guards"]))


def _task(data: Mapping[str, Any]) -> TaskScore:
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
    return TaskScore(**given)
