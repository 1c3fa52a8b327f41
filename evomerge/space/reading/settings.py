"""Read the settings of a space file: evaluate, search, budget, workers."""

import re
from collections.abc import Mapping
from pathlib import Path as File
from typing import Any, get_args

from evomerge.errors import did_you_mean
from evomerge.methods.types import is_int, is_number
from evomerge.recipe.reference import Reference, absolute_path
from evomerge.samplers import SAMPLERS, takes_pareto
from evomerge.settings import (
    BudgetSettings,
    EvaluateSettings,
    Objective,
    Sampler,
    SearchSettings,
    TaskSettings,
    WorkerSettings,
)
from evomerge.space.reading.problems import Problems, show

_ADDRESS = re.compile(r"auto|(ray://)?\S+:\d+")


def read_evaluate(
    document: Mapping[str, Any], folder: File, problems: Problems
) -> EvaluateSettings:
    """Read `evaluate:`.

    Args:
        document: The whole file.
        folder: The file's folder; a relative `task_path` starts here.
        problems: Takes the mistakes.
    """
    default = EvaluateSettings(tasks=())
    node = document.get("evaluate")
    if node is None:
        problems.add((), "a space needs evaluate: the lm-eval tasks that score a recipe")
        return default
    at = ("evaluate",)
    keys = ("tasks", *(name for name in vars(default) if name != "tasks"))
    if not problems.known_keys(node, at, keys):
        return default

    def count(key: str, low: int) -> int:
        value: int = problems.setting(
            node,
            at,
            key,
            getattr(default, key),
            lambda v: is_int(v) and v >= low,
            f"a whole number of at least {low}",
        )
        return value

    return EvaluateSettings(
        tasks=_read_tasks(node.get("tasks"), problems),
        task_path=_read_task_path(node.get("task_path"), folder, problems),
        quick=count("quick", 1),
        confirm=count("confirm", 0),
        held_out=count("held_out", 0),
        seed=count("seed", 0),
        batch_size=problems.setting(
            node,
            at,
            "batch_size",
            "auto",
            lambda v: v == "auto" or (is_int(v) and v >= 1),
            "auto, or a whole number of at least 1",
        ),
        chat_template=problems.setting(
            node, at, "chat_template", False, lambda v: isinstance(v, bool), "true or false"
        ),
    )


def read_objective(document: Mapping[str, Any], problems: Problems) -> Objective:
    """Read `objective:`."""
    found: Objective = _name(document, (), "objective", "mean", get_args(Objective), problems)
    return found


def read_search(
    document: Mapping[str, Any], objective: Objective, problems: Problems
) -> SearchSettings:
    """Read `search:`."""
    default, at = SearchSettings(), ("search",)
    node = document.get("search") or {}
    if not problems.known_keys(node, at, vars(default)):
        return default
    sampler: Sampler = _name(node, at, "sampler", "tpe", get_args(Sampler), problems)
    if objective == "pareto" and not SAMPLERS[sampler].pareto:
        problems.add(
            (*at, "sampler"),
            f"{sampler} searches for one value, but the objective is pareto",
            help=f"take {' or '.join(takes_pareto())}, or another objective",
        )
    return SearchSettings(
        sampler=sampler,
        seed=problems.setting(
            node, at, "seed", 0, lambda v: is_int(v) and v >= 0, "a whole number of at least 0"
        ),
        finalists=problems.setting(
            node, at, "finalists", 5, lambda v: is_int(v) and v >= 1, "a whole number of at least 1"
        ),
    )


def read_budget(document: Mapping[str, Any], problems: Problems) -> BudgetSettings:
    """Read `budget:`."""
    default, at = BudgetSettings(), ("budget",)
    node = document.get("budget") or {}
    if not problems.known_keys(node, at, vars(default)):
        return default
    return BudgetSettings(
        trials=problems.setting(
            node, at, "trials", 60, lambda v: is_int(v) and v >= 1, "a whole number of at least 1"
        ),
        hours=problems.setting(
            node, at, "hours", None, lambda v: is_number(v) and v > 0, "a number above 0"
        ),
    )


def read_workers(document: Mapping[str, Any], problems: Problems) -> WorkerSettings:
    """Read `workers:`."""
    default, at = WorkerSettings(), ("workers",)
    node = document.get("workers") or {}
    if not problems.known_keys(node, at, vars(default)):
        return default

    def number(key: str, right: Any, wanted: str) -> Any:
        return problems.setting(node, at, key, getattr(default, key), right, wanted)

    positive = "a whole number of at least 1"
    return WorkerSettings(
        count=number("count", lambda v: is_int(v) and v >= 1, positive),
        gpus=number(
            "gpus",
            lambda v: is_number(v) and (0 <= v <= 1 or v == int(v) > 1),
            "0, a fraction of one GPU, or a whole number",
        ),
        mode=_name(node, at, "mode", "memory", ("memory", "disk"), problems),
        threads=number("threads", lambda v: is_int(v) and v >= 1, positive),
        timeout_s=number("timeout_s", lambda v: is_number(v) and v > 0, "a number above 0"),
        cache_gb=number("cache_gb", lambda v: is_number(v) and v >= 0, "GiB, at least 0"),
        ray_address=number(
            "ray_address",
            lambda v: isinstance(v, str) and _ADDRESS.fullmatch(v),
            "host:port of a running Ray cluster, or auto",
        ),
    )


def _name(
    node: Mapping[str, Any],
    at: tuple[str, ...],
    key: str,
    default: str,
    allowed: tuple[str, ...],
    problems: Problems,
) -> Any:
    value = node.get(key, default)
    if value in allowed:
        return value
    problems.add((*at, key), f"unknown {key} {value!r}", help=did_you_mean(str(value), allowed))
    return default


def _read_tasks(node: Any, problems: Problems) -> tuple[TaskSettings, ...]:
    at: tuple[Any, ...] = ("evaluate", "tasks")
    if not isinstance(node, list) or not node:
        problems.add(at, f"tasks must be a list of lm-eval tasks, got {show(node)}")
        return ()
    read: list[TaskSettings] = []
    for index, item in enumerate(node):
        here = (*at, index)
        if not problems.known_keys(item, here, ("task", "metric", "weight")):
            continue
        task, metric = item.get("task"), item.get("metric")
        if not (isinstance(task, str) and task):
            problems.add(here, f"an entry needs task: an lm-eval task name, got {show(task)}")
            continue
        if not (isinstance(metric, str) and metric):
            problems.add(here, f"task {task!r} needs metric, such as acc, got {show(metric)}")
            continue
        if task in (known.task for known in read):
            problems.add(here, f"task {task!r} stands twice")
        weight = problems.setting(
            item, here, "weight", 1.0, lambda v: is_number(v) and v > 0, "a number above 0"
        )
        read.append(TaskSettings(task, metric, float(weight)))
    return tuple(read)


def _read_task_path(node: Any, folder: File, problems: Problems) -> str | None:
    if node is None or (isinstance(node, str) and Reference.parse(node).zoo):
        return node
    at = ("evaluate", "task_path")
    if not isinstance(node, str):
        problems.add(at, f"task_path must be a folder, got {show(node)}")
        return None
    path = absolute_path(node, folder)
    if not path.is_dir():
        problems.add(at, f"no such folder: {path}", help="task_path starts at the space file")
    return str(path)
