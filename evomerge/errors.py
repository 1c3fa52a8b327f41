"""Errors a person can act on, the exit code of each, and the named reasons a trial can fail.

The tree::

    EvomergeError          exit 1   nothing succeeded, or a trial failed
    ├── TrialError         exit 1   one trial failed for a named reason (`Failure`)
    ├── InputError         exit 2   the user's file, model, task or option is wrong
    ├── PlatformError      exit 3   the machine: disk full, folder unwritable, no GPU
    └── RunConflict        exit 4   a run is there already, or is in use

Anything else that is raised is a bug and shows its traceback.
"""

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

_T = TypeVar("_T")


class Failure(StrEnum):
    """Why a trial gave no score. A failure is recorded with its recipe and costs one trial.

    Attributes:
        cause: What is behind it most often, for people.
        remedy: What to do about it where it comes up again and again.
    """

    cause: str
    remedy: str

    def __new__(cls, name: str, cause: str, remedy: str) -> "Failure":
        """Make the member that is equal to its name."""
        member = str.__new__(cls, name)
        member._value_, member.cause, member.remedy = name, cause, remedy
        return member

    INVALID_RECIPE = (
        "invalid_recipe",
        "values that mergekit does not merge together, such as weights that sum to zero",
        "narrow the ranges of the space so that every point can be merged",
    )
    MERGE_FAILED = (
        "merge_failed",
        "mergekit stopped in the middle: a tensor or file that this method needs is missing",
        "merge the recipe alone to see more: evomerge export RUN --trial N, then evomerge merge",
    )
    NAN_WEIGHTS = (
        "nan_weights",
        "weights that nearly cancel, or sums beyond what the recipe's dtype holds",
        "keep weights away from a sum of zero, or merge in bfloat16 or float32",
    )
    SHAPE_MISMATCH = (
        "shape_mismatch",
        "the merge is no model that transformers can run: layers, heads or vocabulary differ",
        "merge models of one architecture and size, and set tokenizer_source where those differ",
    )
    OUT_OF_MEMORY = (
        "out_of_memory",
        "model, merge and batch together need more memory than is free",
        "lower evaluate.batch_size, workers.count or workers.cache_gb",
    )
    NO_GRADIENT = (
        "no_gradient",
        "the merge went through a disk, or its tensors are not parameters of the model",
        "set workers.mode to memory, or search this recipe with another sampler",
    )
    SCORE_FAILED = (
        "score_failed",
        "the model's outputs are not numbers, or a task cannot score its answers",
        "narrow ranges that break the model; where parents fail so too, mend the task",
    )
    TIME_LIMIT = (
        "time_limit",
        "a trial takes longer than workers.timeout_s, as models do that never end an answer",
        "raise workers.timeout_s, or score fewer documents",
    )
    WORKER_DIED = (
        "worker_died",
        "the system killed the worker's process, most often for want of memory",
        "lower workers.count, or use smaller models",
    )

    @property
    def advice(self) -> str:
        """Cause and remedy in one line."""
        return f"{self.cause}. help: {self.remedy}"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was short: Python's, a GPU's, or the CPU's as torch words it."""
    text = str(error).lower()
    hints = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or any(hint in text for hint in hints)


class EvomergeError(Exception):
    """A message for the user: where, what is wrong, what helps.

    Args:
        what: What is wrong, with the value that was found.
        where: File, `file:line:column`, task or model it concerns; may be empty.
        help: What to do about it; may be empty.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", help: str = "") -> None:
        self.what, self.where, self.help = what, where, help
        super().__init__(what)

    def __str__(self) -> str:
        prefix = f"{self.where}: " if self.where else ""
        suffix = f". help: {self.help}" if self.help else ""
        return f"{prefix}{self.what}{suffix}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.__dict__.copy())


class TrialError(EvomergeError):
    """One trial failed for a named reason.

    Args:
        failure: The reason's name.
        what: The details, for the record.
    """

    def __init__(self, failure: Failure, what: str) -> None:
        super().__init__(what)
        self.failure = failure


class InputError(EvomergeError):
    """The user's file, model, task or option is wrong.

    Args:
        what: What is wrong.
        where: File, `file:line:column`, task or model.
        help: What is allowed, or the nearest match.
        others: Further errors found in the same pass, shown one a line.
    """

    exit_code = 2

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        help: str = "",
        others: Iterable["InputError"] = (),
    ) -> None:
        super().__init__(what, where=where, help=help)
        self.others = tuple(others)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *map(str, self.others)])


class PlatformError(EvomergeError):
    """The machine stands in the way: disk full, folder unwritable, no GPU."""

    exit_code = 3


class RunConflict(EvomergeError):
    """A run of that name is there already, belongs to another space, or is in use."""

    exit_code = 4


def raise_together(found: Sequence[InputError]) -> None:
    """Raise the first of some mistakes with the others attached; do nothing where there are none.

    Raises:
        InputError: There is at least one.
    """
    if found:
        first, *others = found
        raise InputError(first.what, where=first.where, help=first.help, others=others)


def attempt(check: Callable[[], _T], found: list[InputError]) -> _T | None:
    """Return what a check gives; where it raises an `InputError`, add that to those found.

    Args:
        check: May raise several mistakes at once.
        found: For `raise_together`, when all checks have run.
    """
    try:
        return check()
    except InputError as error:
        found.append(InputError(error.what, where=error.where, help=error.help))
        found.extend(error.others)
        return None


def did_you_mean(got: str, known: Iterable[str]) -> str:
    """Return the help for an unknown name: the nearest match, and what is known.

    Args:
        got: The unknown name.
        known: Every name that is allowed.
    """
    names = sorted(known)
    near = get_close_matches(got, names, n=1, cutoff=0.5)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"{meant}known: {', '.join(names)}"


def _rebuild(cls: type[EvomergeError], state: dict[str, object]) -> EvomergeError:
    error = cls.__new__(cls)
    error.__dict__.update(state)
    Exception.__init__(error, state["what"])
    return error
