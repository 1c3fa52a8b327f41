"""The documents of a space's tasks: three sets each, which tasks on the same documents share."""

from collections.abc import Sequence
from typing import Any

from evomerge.evaluate.documents import Split, split_documents
from evomerge.evaluate.tasks import LoadedTask
from evomerge.settings import EvaluateSettings


def split_tasks(tasks: Sequence[LoadedTask], settings: EvaluateSettings) -> dict[str, Split]:
    """Draw the quick, confirm and held-out documents of every task.

    Args:
        tasks: The tasks.
        settings: Sizes of the sets, and the seed.

    Raises:
        InputError: A task has too few documents.
    """
    return {
        loaded.settings.task: split_documents(
            name, len(loaded.task.eval_docs), settings, _groups(loaded)
        )
        for loaded, name in zip(tasks, _names(tasks), strict=True)
    }


def _groups(loaded: LoadedTask) -> list[Any] | None:
    """The group of each document, where the task's `metadata` names a `group_field`."""
    field_name = (loaded.task.config.metadata or {}).get("group_field")
    return [doc[field_name] for doc in loaded.task.eval_docs] if field_name else None


def _names(tasks: Sequence[LoadedTask]) -> list[str]:
    """Return for each task the name by which its documents are drawn.

    Tasks on the same documents share the name of the first, and so their three sets: else what
    one holds out could steer the search through another.
    """
    first: dict[str, str] = {}
    names = []
    for loaded in tasks:
        config = loaded.task.config
        parts = [config.dataset_path, config.dataset_name, config.dataset_kwargs]
        parts.append(config.process_docs)
        key = repr([*parts, config.test_split or config.validation_split])
        key += str(len(loaded.task.eval_docs))
        names.append(first.setdefault(key, loaded.settings.task))
    return names
