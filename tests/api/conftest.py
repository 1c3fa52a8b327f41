"""One search for all tests of the API: stopped by its own callback, then resumed to its end."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from evomerge import FailedTrial, Finished, Progress, ScoredTrial, Space, read_space, run_search
from evomerge.api.spaces import Choice, Float

Told = list[tuple[ScoredTrial | FailedTrial, Progress]]


@dataclass(frozen=True)
class Searched:
    """A search of two sessions.

    Args:
        space: What was searched.
        runs: The folder of all runs.
        stopped: What the callback of the first session was told.
        told: What that of the second was told.
        finished: The end.
    """

    space: Space
    runs: Path
    stopped: Told
    told: Told
    finished: Finished


@pytest.fixture(scope="session")
def searched(
    family: dict[str, Path],
    task_path: Path,
    empty_mlflow: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Searched:
    weight = {"weight": Float(0.1, 1)}
    space = read_space(
        {
            "name": "toy",
            "models": {name: family[name] for name in ("base", "a", "b")},
            "recipes": [
                {
                    "merge_method": Choice("task_arithmetic", "ties"),
                    "base_model": "base",
                    "models": [{"model": name, "parameters": weight} for name in ("a", "b")],
                }
            ],
            "evaluate": {
                "tasks": [{"task": "toy_next", "metric": "acc"}],
                "task_path": task_path,
                "quick": 16,
                "confirm": 8,
                "held_out": 16,
            },
            "search": {"sampler": "random", "finalists": 1},
            "budget": {"trials": 3},
        }
    )
    folder = tmp_path_factory.mktemp("api")
    shutil.copy(empty_mlflow, folder)
    runs = folder / "runs"
    stopped: Told = []
    told: Told = []

    def stop(trial: ScoredTrial | FailedTrial, progress: Progress) -> None:
        stopped.append((trial, progress))
        if progress.stage == "search":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_search(space, runs_dir=runs, on_trial=stop)
    finished = run_search(space, runs_dir=runs, resume=True, on_trial=lambda *one: told.append(one))
    return Searched(space, runs, stopped, told, finished)
