"""What a space sets beside its recipes: type, bounds, default and help of each setting, once.

The reader of space files, their JSON Schema, the short options of the command line and the tables
of docs/space.md derive from these declarations. A setting is a field: its annotation says what it
may be, the text below it what it is for.
"""

from dataclasses import dataclass as plain_dataclass
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
)
from pydantic.dataclasses import dataclass

from evomerge.samplers import Sampler

Objective = Literal["mean", "min", "geometric", "pareto"]
Documents = Literal["quick", "confirm", "held_out"]


@plain_dataclass(frozen=True)
class Allowed:
    """What a setting may be, in words, where its type alone does not tell.

    Args:
        words: Such as `a folder`.
        sentence: What to say of any other value, with places for `{key}`, `{words}`, `{got}` and
            for settings beside this one, by name.
    """

    words: str
    sentence: str = "{key} must be {words}, got {got}"


def is_name(value: object) -> bool:
    """Whether it can name a run, its folder, or a recipe."""
    return (
        isinstance(value, str)
        and value[:1].isalnum()
        and len(value) <= 100
        and all(c.isalnum() or c in "-_." for c in value)
    )


def _named(value: str) -> str:
    if not is_name(value):
        raise ValueError("no name")
    return value


def _divisible(gpus: float) -> float:
    if gpus > 1 and not gpus.is_integer():
        raise ValueError("neither a fraction of one GPU nor a whole number")
    return gpus


def _section(kind: type) -> BeforeValidator:
    """Let a section that stands empty in the file count as one that is left out."""
    return BeforeValidator(
        lambda value: {} if value is None else value,
        json_schema_input_type=kind | None,
    )


LARGEST = 1e300
"""Below this, so that sums and products of a few numbers are finite."""

Count = Annotated[StrictInt, Field(ge=0)]
Positive = Annotated[StrictInt, Field(ge=1)]
AboveZero = Annotated[StrictFloat, Field(gt=0, lt=LARGEST)]
Start = Annotated[StrictFloat, Field(gt=-LARGEST, lt=LARGEST)]
Text = Annotated[StrictStr, Field(min_length=1)]
Gib = Annotated[StrictFloat, Field(ge=0, lt=LARGEST), Allowed("GiB, at least 0")]
Gpus = Annotated[
    StrictFloat,
    Field(ge=0, lt=LARGEST, json_schema_extra={"anyOf": [{"maximum": 1}, {"multipleOf": 1}]}),
    AfterValidator(_divisible),
    Allowed("0, a fraction of one GPU, or a whole number"),
]
Address = Annotated[
    StrictStr,
    Field(pattern=r"^(auto|(ray://)?\S+:\d+)$"),
    Allowed("host:port of a running Ray cluster, or auto"),
]
Folder = Annotated[StrictStr, Allowed("a folder")]
Name = Annotated[
    StrictStr,
    Field(max_length=100, pattern=r"^([0-9A-Za-z]|[^\x00-\x7f])([-.\w]|[^\x00-\x7f])*$"),
    AfterValidator(_named),
    Allowed("a name of letters, digits, - _ ."),
]

_CONFIG = ConfigDict(extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True, config=_CONFIG)
class TaskSettings:
    """One lm-eval task that counts towards the objective."""

    task: Annotated[
        Text, Allowed("an lm-eval task name", "an entry needs {key}: {words}, got {got}")
    ]
    """lm-eval's name of the task."""
    metric: Annotated[
        Text,
        Allowed(
            "a metric of that task, such as acc",
            "task {task!r} needs {key}, such as acc, got {got}",
        ),
    ]
    """Metric as lm-eval writes it: `acc`, or `exact_match,strict-match` with a filter."""
    weight: AboveZero = 1.0
    """Share in the objective, relative to the other tasks' weights."""


@dataclass(frozen=True, config=_CONFIG)
class EvaluateSettings:
    """Which documents of which tasks score a recipe."""

    tasks: Annotated[
        tuple[TaskSettings, ...], Field(min_length=1), Allowed("a list of lm-eval tasks")
    ]
    """lm-eval tasks that score a recipe, each once."""
    task_path: Folder | None = None
    """Folder of lm-eval task YAML of your own, or `zoo://tiny/tasks`."""
    quick: Positive = 128
    """Documents a task that score every recipe."""
    confirm: Count = 128
    """Fresh documents a task that choose the winner among the finalists; with 0 the quick ones
    do."""
    held_out: Count = 256
    """Documents a task that judge the winner, once; with 0 there is no verdict."""
    seed: Count = 0
    """Seed of the draw of documents; the search's own seed does not change it."""
    batch_size: Literal["auto"] | Positive = "auto"
    """`auto` packs log-likelihood requests into rows that share their beginnings (a question's
    choices, few-shot examples) and lets the model compute only the logits that are needed; a
    number gives lm-eval's own batches of so many rows."""
    chat_template: StrictBool = False
    """Apply the tokenizer's chat template to every prompt."""


@dataclass(frozen=True, config=_CONFIG)
class GradientSettings:
    """How the sampler `gradient` descends the loss of the quick documents; others ignore it."""

    learning_rate: AboveZero = 0.1
    """Length of a chain's first steps, in the units of the parameters; it falls to 0 along a
    cosine."""
    steps: Positive = 20
    """Trials of a chain; fewer where `budget.trials` leaves fewer. `budget.hours` cuts a chain off
    at whatever rate it has then."""
    chains: Literal["auto"] | Positive = "auto"
    """Chains with a start of their own before one goes on from the best point; `auto` is one a
    worker, and at least one for each recipe and method."""
    start: Annotated[Literal["auto"] | Start, Allowed("auto, or a number")] = "auto"
    """Weights that the first chain begins with; `auto` takes those of the best fixed blend."""
    spread: AboveZero = 0.4
    """How far a number is expected to end from where its chain started, as a standard deviation.
    It pulls back, and the harder the fewer documents there are: by 1 / (quick documents of all
    tasks × spread²) for each unit of distance; a large one leaves the numbers free."""


@dataclass(frozen=True, config=_CONFIG)
class SearchSettings:
    """How recipes are proposed."""

    sampler: Sampler = "tpe"
    """Optuna's sampler that proposes recipes."""
    seed: Count = 0
    """Seed of everything that the search draws."""
    finalists: Positive = 5
    """Recipes scored again on the confirm documents."""
    gradient: Annotated[GradientSettings, _section(GradientSettings)] = GradientSettings()
    """How the sampler `gradient` descends the loss of the quick documents; others ignore it."""


@dataclass(frozen=True, config=_CONFIG)
class BudgetSettings:
    """When the search stops: at whichever comes first."""

    trials: Positive = 60
    """Sampled recipes; generation 0 and the finals come on top."""
    hours: AboveZero | None = None
    """Hours of sampling, over all sessions of the run."""


@dataclass(frozen=True, config=_CONFIG)
class WorkerSettings:
    """Where trials run."""

    count: Positive = 1
    """Workers: 1 runs in the process itself, more are Ray actors."""
    gpus: Gpus = 0.0
    """GPUs for each worker: 0 is the CPU, a fraction shares one (0.5: two workers a GPU), or a
    whole number, over which the model's layers are spread."""
    mode: Literal["memory", "disk"] = "memory"
    """`memory` merges into a live model, `disk` writes each merge to a folder first."""
    threads: Positive | None = None
    """CPU threads for each worker; the cores divided by default."""
    timeout_s: AboveZero | None = None
    """Seconds after which a trial is stopped and its worker replaced."""
    cache_gb: Gib = 4.0
    """GiB that each worker may keep for what merges share (ranks of magnitudes, random draws);
    changes speed, never results. Ties and breadcrumbs need 4 bytes for each parameter of each
    parent, dare 2 and della 4 in bfloat16 (4 and 8 in float32); parents that are converted to
    another dtype count too."""
    ray_address: Address | None = None
    """A running Ray cluster, over whose nodes the workers are spread."""


@dataclass(frozen=True, config=_CONFIG, kw_only=True)
class Settings:
    """All that a space file sets beside models and recipes."""

    name: Name | None = None
    """The run's folder under `runs/`; the file's name by default."""
    evaluate: Annotated[
        EvaluateSettings,
        Allowed("the lm-eval tasks that score a recipe", "a space needs {key}: {words}"),
    ]
    """Which documents of which tasks score a recipe."""
    objective: Objective = "mean"
    """How the tasks' scores become one value: `mean` and `geometric` are weighted, `min` is the
    worst task's, `pareto` makes one objective of each task. Higher is better; a metric for which
    lower is better counts with its sign turned."""
    search: Annotated[SearchSettings, _section(SearchSettings)] = SearchSettings()
    """How recipes are proposed."""
    budget: Annotated[BudgetSettings, _section(BudgetSettings)] = BudgetSettings()
    """When the search stops: at whichever comes first."""
    workers: Annotated[WorkerSettings, _section(WorkerSettings)] = WorkerSettings()
    """Where trials run."""
