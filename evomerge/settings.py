"""The settings of a space beside its recipes: what to evaluate, how to search, where to run."""

from dataclasses import dataclass
from typing import Literal

from evomerge.samplers import Sampler as Sampler

Objective = Literal["mean", "min", "geometric", "pareto"]
Documents = Literal["quick", "confirm", "held_out"]


@dataclass(frozen=True)
class TaskSettings:
    """One lm-eval task that counts towards the objective.

    Args:
        task: lm-eval's task name.
        metric: Metric name as lm-eval writes it before the comma, such as `acc`.
        weight: Share in the objective, > 0; relative to the other tasks' weights.
    """

    task: str
    metric: str
    weight: float = 1.0


@dataclass(frozen=True)
class EvaluateSettings:
    """Which documents of which tasks score a recipe.

    Args:
        tasks: At least one task, each name once.
        task_path: Absolute folder of lm-eval task YAML of one's own, or None.
        quick: Documents a task that steer the search, ≥ 1.
        confirm: Fresh documents a task that choose among the finalists, ≥ 0.
        held_out: Documents a task that judge winner and parents once, ≥ 0.
        seed: Seed of the draw of documents; the search's own seed does not change it.
        batch_size: Rows in one forward pass, ≥ 1: lm-eval's own batches. `auto` packs
            log-likelihood requests into rows that share their beginnings.
        chat_template: Apply the tokenizer's chat template to every prompt.
    """

    tasks: tuple[TaskSettings, ...]
    task_path: str | None = None
    quick: int = 128
    confirm: int = 128
    held_out: int = 256
    seed: int = 0
    batch_size: int | Literal["auto"] = "auto"
    chat_template: bool = False


@dataclass(frozen=True)
class SearchSettings:
    """How recipes are proposed.

    Args:
        sampler: Optuna sampler, by short name.
        seed: Seed from which all of the search's randomness follows, ≥ 0.
        finalists: Recipes re-scored on the confirm documents, ≥ 1.
    """

    sampler: Sampler = "tpe"
    seed: int = 0
    finalists: int = 5


@dataclass(frozen=True)
class BudgetSettings:
    """When the search stops: at whichever comes first.

    Args:
        trials: Sampled recipes, ≥ 1; generation 0 and the finals come on top.
        hours: Wall-clock hours of sampling over all of a run's sessions, > 0, or None.
    """

    trials: int = 60
    hours: float | None = None


@dataclass(frozen=True)
class WorkerSettings:
    """Where trials run.

    Args:
        count: 1 runs in this process, more runs that many Ray actors.
        gpus: GPUs for each worker: 0 is the CPU, a fraction shares one GPU, or a whole number.
        mode: `memory` merges into a live model, `disk` writes each merge out.
        threads: CPU threads for each worker, ≥ 1; None divides the cores.
        timeout_s: Seconds after which a trial counts as hung, or None.
        cache_gb: Bound on the memory a worker keeps for what merges share, in GiB, ≥ 0; see
            `evomerge.merge.kernels.cache`. It changes speed, never results.
        ray_address: A running Ray cluster, `host:port` or `auto`; None runs on this machine.
    """

    count: int = 1
    gpus: float = 0.0
    mode: Literal["memory", "disk"] = "memory"
    threads: int | None = None
    timeout_s: float | None = None
    cache_gb: float = 4.0
    ray_address: str | None = None


def is_name(value: object) -> bool:
    """Whether it can name a run, its folder, or a recipe."""
    return (
        isinstance(value, str)
        and value[:1].isalnum()
        and len(value) <= 100
        and all(c.isalnum() or c in "-_." for c in value)
    )
