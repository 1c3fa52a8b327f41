"""Load lm-eval tasks by name, and say in one line why one cannot be loaded."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2
import yaml
from datasets.exceptions import DatasetsError
from lm_eval.api.task import Task
from lm_eval.tasks import TaskManager

from evomerge.errors import InputError, did_you_mean
from evomerge.evaluate.harness import filter_names
from evomerge.settings import EvaluateSettings, TaskSettings

_LOG = logging.getLogger(__name__)

_DATA_ERRORS = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    StopIteration,  # what `datasets` raises on an empty file
    DatasetsError,
    jinja2.TemplateError,
)


@dataclass(frozen=True)
class LoadedTask:
    """An lm-eval task and the one metric of it that counts.

    Args:
        settings: The space's entry for it.
        task: lm-eval's task.
        metric: Metric name without filter.
        filter: Name of the filter whose answers the metric takes.
        higher_is_better: Direction of the metric.
    """

    settings: TaskSettings
    task: Task
    metric: str
    filter: str
    higher_is_better: bool


def load_tasks(settings: EvaluateSettings) -> list[LoadedTask]:
    """Load the tasks of a space, in its order.

    Reading the index of lm-eval's own tasks takes about 15 s, so it is read only when a task is
    not found in `task_path`.

    Raises:
        InputError: An unknown task or metric, or data that cannot be read.
    """
    managers = _managers(settings)
    return [_load(managers, task, settings.task_path) for task in settings.tasks]


def _managers(settings: EvaluateSettings) -> list[TaskManager]:
    """Return what knows the tasks: one's own folder first, lm-eval's where that lacks one."""
    if settings.task_path is None:
        return [_lm_evals()]
    try:
        own = TaskManager(include_path=settings.task_path, include_defaults=False)
    except (OSError, yaml.YAMLError, ValueError, TypeError) as error:
        raise InputError(
            f"lm-eval cannot read the tasks there: {_line(error)}", where=settings.task_path
        ) from None
    lacks = {task.task for task in settings.tasks} - set(own.all_tasks)
    return [own, _lm_evals()] if lacks else [own]


@cache  # of an installed package, which does not change while it is loaded
def _lm_evals() -> TaskManager:
    _LOG.warning("reading the index of lm-eval's own tasks (about 15 s)")
    return TaskManager()


def _load(
    managers: Sequence[TaskManager], entry: TaskSettings, task_path: str | None
) -> LoadedTask:
    name, where = entry.task, f"task {entry.task}"
    manager = next((one for one in managers if name in one.all_tasks), None)
    if manager is None:
        known = [task for one in managers for task in one.all_tasks]
        near = did_you_mean(name, known)
        if len(known) >= 50:
            near = near.partition("known:")[0] + "`lm-eval ls tasks` lists all"
        raise InputError(f"lm-eval has no task {name!r}", where=where, help=near)
    if name in (*manager.all_groups, *manager.all_tags):
        raise InputError(
            f"{name!r} is a group of tasks", where=where, help="name the tasks in it one by one"
        )
    try:
        task: Task = manager.load(name)["tasks"][name]
        count = len(task.eval_docs)
    except _DATA_ERRORS as error:
        raise InputError(
            f"its data cannot be read as the task says: {_line(error)}",
            where=where,
            help=_data_help(task_path, error),
        ) from None
    if count == 0:
        raise InputError("has no documents", where=where)
    return _with_metric(entry, task)


def _with_metric(entry: TaskSettings, task: Task) -> LoadedTask:
    metric, _, wanted = entry.metric.partition(",")
    known = task.aggregation()
    if metric not in known:
        raise InputError(
            f"no metric {metric!r}", where=f"task {entry.task}", help=did_you_mean(metric, known)
        )
    filters = filter_names(task)
    if wanted and wanted not in filters:
        raise InputError(
            f"no filter {wanted!r}", where=f"task {entry.task}", help=did_you_mean(wanted, filters)
        )
    higher = bool(task.higher_is_better().get(metric, True))
    return LoadedTask(entry, task, metric, wanted or filters[0], higher)


def _data_help(task_path: str | None, error: BaseException) -> str:
    if _is_offline(error):
        return "fetch it where there is a network, or name tasks on local files with task_path"
    return (
        "check dataset_path, data_files and templates in the task's YAML"
        if task_path
        else "the hub may be out of reach; HF_HUB_OFFLINE=1 forbids it"
    )


def _is_offline(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, is that of a hub out of reach."""
    while error is not None:
        if isinstance(error, ConnectionError) or "offline" in str(error).lower():
            return True
        error = error.__cause__ or error.__context__
    return False


def _line(error: BaseException) -> str:
    """Return an error's own first line, following what caused it."""
    cause: Any = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    if _is_offline(error):
        return f"its data set cannot be fetched from the hub ({type(cause).__name__})"
    text = str(cause).strip().splitlines()
    return f"{type(cause).__name__}: {text[0] if text else 'no details'}"
