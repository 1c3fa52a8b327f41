"""Settings of a file: each mistake at its place with its message, all of them at once."""

from pathlib import Path
from typing import Any

import pytest

from evomerge.errors import InputError
from evomerge.settings import BudgetSettings, SearchSettings, Settings, WorkerSettings
from evomerge.space.problems import Problems
from evomerge.space.reading.settings import check_settings, settings_of
from evomerge.space.reading.yaml import read_marked

HERE = Path(__file__).parent
TASKS = "evaluate: {tasks: [{task: toy, metric: acc}]}\n"


def read(text: str, folder: Path = HERE) -> Settings:
    marked = read_marked(text, folder / "space.yaml")
    problems = Problems(marked)
    check_settings(marked.value, folder, problems)
    problems.raise_if_any()
    return settings_of(marked.value, folder)


def test_what_a_file_leaves_out_has_its_default() -> None:
    settings = read(TASKS + "search:\nbudget: {hours: 2}\n")
    assert settings.search == SearchSettings()
    assert settings.workers == WorkerSettings()
    assert settings.budget == BudgetSettings(hours=2.0)
    assert (settings.name, settings.objective, settings.evaluate.quick) == (None, "mean", 128)


@pytest.mark.parametrize("path", ["mine", "./mine", "zoo://tiny/tasks", "null"])
def test_the_folder_of_tasks_starts_at_the_file(tmp_path: Path, path: str) -> None:
    (tmp_path / "mine").mkdir()
    found = read(TASKS.replace("{tasks", f"{{task_path: {path}, tasks"), tmp_path)
    expected = {"zoo://tiny/tasks": path, "null": None}.get(path, str(tmp_path / "mine"))
    assert found.evaluate.task_path == expected


WHOLE = ["-5", "0.5", "1.0", "true", "'3'", "many", "[1]", "null"]


@pytest.mark.parametrize("value", WHOLE)
@pytest.mark.parametrize(
    ("setting", "low"),
    [
        ("evaluate.quick", 1),
        ("evaluate.confirm", 0),
        ("evaluate.held_out", 0),
        ("evaluate.seed", 0),
        ("search.seed", 0),
        ("search.finalists", 1),
        ("budget.trials", 1),
        ("workers.count", 1),
    ],
)
def test_a_whole_number_is_no_text_and_no_truth_value(setting: str, low: int, value: str) -> None:
    section, key = setting.split(".")
    with pytest.raises(InputError) as caught:
        read(
            TASKS.replace("evaluate: {", f"evaluate: {{{key}: {value}, ")
            if section == "evaluate"
            else f"{TASKS}{section}: {{{key}: {value}}}"
        )
    assert f": {key} must be a whole number of at least {low}, got " in str(caught.value)


# What stands in the file beside or in place of `TASKS`, and the message it must give.
CATALOGUE: dict[str, tuple[str, str]] = {
    "no evaluate": (
        "objective: mean",
        "space.yaml:1:1: a space needs evaluate: the lm-eval tasks that score a recipe",
    ),
    "empty evaluate": ("evaluate:", "a space needs evaluate: the lm-eval tasks"),
    "evaluate is a list": ("evaluate: [a]", "space.yaml:1:11: expected a mapping, got ['a']"),
    "no tasks": ("evaluate: {}", "1:11: tasks must be a list of lm-eval tasks, got None"),
    "empty tasks": ("evaluate: {tasks: []}", "tasks must be a list of lm-eval tasks, got []"),
    "one task": (
        "evaluate: {tasks: arc}",
        "1:19: tasks must be a list of lm-eval tasks, got 'arc'",
    ),
    "task by name": (
        "evaluate: {tasks: [arc]}",
        "1:20: expected a mapping, got 'arc'. help: write {task: arc}",
    ),
    "entry without task": (
        "evaluate: {tasks: [{metric: acc}]}",
        "1:20: an entry needs task: an lm-eval task name, got None",
    ),
    "task without metric": (
        "evaluate: {tasks: [{task: toy}]}",
        "1:20: task 'toy' needs metric, such as acc, got None",
    ),
    "metric no text": (
        "evaluate: {tasks: [{task: toy, metric: 5}]}",
        "task 'toy' needs metric, such as acc, got 5",
    ),
    "no weight": (
        "evaluate: {tasks: [{task: toy, metric: acc, weight: 0}]}",
        "1:53: weight must be a number above 0, got 0",
    ),
    "misspelt key of a task": (
        "evaluate: {tasks: [{task: toy, metric: acc, wight: 2}]}",
        "1:45: unknown key 'wight'. help: did you mean 'weight'? known: metric, task, weight",
    ),
    "task twice": (
        "evaluate: {tasks: [{task: toy, metric: acc}, {task: toy, metric: f1}]}",
        "1:46: task 'toy' stands twice",
    ),
    "key that is no text": ("search: {3: 1}", "2:10: unknown key 3. help: known: finalists"),
    "no such task path": (
        "evaluate: {tasks: [{task: toy, metric: acc}], task_path: nowhere}",
        "1:58: no such folder: ",
    ),
    "no such user": (
        "evaluate: {tasks: [{task: toy, metric: acc}], task_path: ~nosuchuser/x}",
        "no such folder: ",
    ),
    "task path no text": (
        "evaluate: {tasks: [{task: toy, metric: acc}], task_path: 3}",
        "task_path must be a folder, got 3",
    ),
    "batch of none": (
        "evaluate: {tasks: [{task: toy, metric: acc}], batch_size: 0}",
        "batch_size must be auto, or a whole number of at least 1, got 0",
    ),
    "batch by another word": (
        "evaluate: {tasks: [{task: toy, metric: acc}], batch_size: automatic}",
        "batch_size must be auto, or a whole number of at least 1, got 'automatic'",
    ),
    "no truth value": (
        "evaluate: {tasks: [{task: toy, metric: acc}], chat_template: no}",
        "chat_template must be true or false, got 'no'",
    ),
    "unknown sampler": (
        "search: {sampler: tpee}",
        "2:19: unknown sampler 'tpee'. help: did you mean 'tpe'? known: cmaes, gp, gradient,",
    ),
    "sampler that is a list": ("search: {sampler: [tpe]}", "unknown sampler ['tpe']"),
    "section that is a list": ("search: []", "2:9: expected a mapping, got []"),
    "cmaes and pareto": (
        "objective: pareto\nsearch: {sampler: cmaes}",
        "3:19: cmaes searches for one value, but the objective is pareto. help: take tpe or",
    ),
    "gradient on disk": (
        "search: {sampler: gradient}\nworkers: {mode: disk}",
        "3:17: gradient needs the merge in memory, but workers.mode is disk. help: leave mode out,",
    ),
    "gradient and pareto": (
        "objective: pareto\nsearch: {sampler: gradient}",
        "gradient searches for one value, but the objective is pareto",
    ),
    "spread of nothing": (
        "search: {gradient: {spread: 0}}",
        "2:29: spread must be a number above 0, got 0",
    ),
    "start in words": (
        "search: {gradient: {start: best}}",
        "start must be auto, or a number, got 'best'",
    ),
    "no steps": (
        "search: {gradient: {steps: 0}}",
        "steps must be a whole number of at least 1, got 0",
    ),
    "misspelt key of gradient": ("search: {gradient: {step: 3}}", "did you mean 'steps'?"),
    "unknown objective": (
        "objective: median",
        "2:12: unknown objective 'median'. help: did you mean 'mean'? known: geometric, mean, min,",
    ),
    "no objective": ("objective:", "unknown objective None"),
    "no hours": ("budget: {hours: 0}", "hours must be a number above 0, got 0"),
    "endless hours": ("budget: {hours: .inf}", "hours must be a number above 0, got inf"),
    "hours in text": ("budget: {hours: '1'}", "hours must be a number above 0, got '1'"),
    "GPUs and a half": (
        "workers: {gpus: 1.5}",
        "gpus must be 0, a fraction of one GPU, or a whole number, got 1.5",
    ),
    "GPUs below none": (
        "workers: {gpus: -1}",
        "gpus must be 0, a fraction of one GPU, or a whole number, got -1",
    ),
    "unknown mode": ("workers: {mode: disc}", "unknown mode 'disc'. help: did you mean 'disk'?"),
    "no threads": ("workers: {threads: 0}", "threads must be a whole number of at least 1, got 0"),
    "no time": ("workers: {timeout_s: -1}", "timeout_s must be a number above 0, got -1"),
    "cache below none": ("workers: {cache_gb: -1}", "cache_gb must be GiB, at least 0, got -1"),
    "address without port": (
        "workers: {ray_address: head}",
        "ray_address must be host:port of a running Ray cluster, or auto, got 'head'",
    ),
    "bad name": ("name: a/b", "name must be a name of letters, digits, - _ ., got 'a/b'"),
    "long name": (f"name: {'a' * 101}", "name must be a name of letters"),
}


@pytest.mark.parametrize("mistake", CATALOGUE)
def test_each_mistake_has_its_message(mistake: str) -> None:
    text, message = CATALOGUE[mistake]
    whole = text if "evaluate" in mistake or "evaluate:" in text else TASKS + text
    with pytest.raises(InputError) as caught:
        read("objective: mean" if mistake == "no evaluate" else whole)
    assert message in str(caught.value)
    assert not caught.value.others


def test_every_mistake_is_told_at_once_in_the_file_s_order() -> None:
    with pytest.raises(InputError) as caught:
        read(
            "search: {sampler: cmaes, sed: 3, finalists: 0}\n"
            "objective: pareto\n"
            "evaluate:\n"
            "  quick: 0\n"
            "  tasks: [{task: a, metric: acc}, {task: a, metrc: acc}, b]\n"
            "  task_path: nowhere\n"
            "workers: {count: 0, gpus: 1.5}\n"
        )
    found = str(caught.value).splitlines()
    places = [tuple(map(int, line.split("space.yaml:")[1].split(":")[:2])) for line in found]
    assert places == sorted(places)
    assert [line for line, _ in places] == [1, 1, 1, 4, 5, 5, 5, 5, 6, 7, 7]


@pytest.mark.parametrize(
    ("text", "value"),
    [("gpus: 2", 2.0), ("gpus: 0.25", 0.25), ("gpus: 1", 1.0), ("ray_address: auto", "auto")]
    + [(f"ray_address: '{a}'", a) for a in ("head:6379", "ray://head:10001", "[::1]:6379")],
)
def test_what_is_allowed_is_read(text: str, value: Any) -> None:
    workers = read(f"{TASKS}workers: {{{text}}}").workers
    assert getattr(workers, text.split(":")[0]) == value
