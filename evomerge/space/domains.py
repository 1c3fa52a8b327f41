"""What a searched value ranges over: a class for each domain, as Optuna's distributions are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol

from evomerge.methods.types import is_int, is_number


class Suggests(Protocol):
    """What proposes values: an Optuna trial, or anything with these three methods."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Propose a float in [low, high]."""
        ...

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """Propose an int in [low, high]."""
        ...

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Propose one of the choices."""
        ...


@dataclass(frozen=True)
class FloatDomain:
    """Real numbers.

    Args:
        low: Lower end, included.
        high: Upper end, included.
        step: Grid of the values, from `low`, or None.
        log: Whether values are drawn on a logarithmic scale; without `step`.
    """

    kind: ClassVar[str] = "float"
    low: float
    high: float
    step: float | None = None
    log: bool = False

    @property
    def ends(self) -> tuple[float, ...]:
        """The least and the greatest value."""
        return self.low, self.high

    def suggest(self, name: str, trial: Suggests) -> float:
        """Draw a value from a trial."""
        return trial.suggest_float(name, self.low, self.high, step=self.step, log=self.log)

    def contains(self, value: Any) -> bool:
        """Whether a trial may draw this value."""
        return is_number(value) and _within(self, value)

    def takes_only(self, right: Callable[[Any], bool]) -> bool:
        """Whether every value is right, as far as its ends and its type tell."""
        return right(float(self.low)) and right(float(self.high))

    def range_text(self) -> str:
        """Return the range as the tables show it."""
        return _range_text(self)


@dataclass(frozen=True)
class IntDomain:
    """Whole numbers.

    Args:
        low: Lower end, included.
        high: Upper end, included.
        step: Grid of the values, from `low`, or None for 1.
        log: Whether values are drawn on a logarithmic scale; without `step`.
    """

    kind: ClassVar[str] = "int"
    low: int
    high: int
    step: int | None = None
    log: bool = False

    @property
    def ends(self) -> tuple[int, ...]:
        """The least and the greatest value."""
        return self.low, self.high

    def suggest(self, name: str, trial: Suggests) -> int:
        """Draw a value from a trial."""
        return trial.suggest_int(name, self.low, self.high, step=self.step or 1, log=self.log)

    def contains(self, value: Any) -> bool:
        """Whether a trial may draw this value."""
        return is_int(value) and _within(self, value)

    def takes_only(self, right: Callable[[Any], bool]) -> bool:
        """Whether every value is right, as far as its ends tell."""
        return right(self.low) and right(self.high)

    def range_text(self) -> str:
        """Return the range as the tables show it."""
        return _range_text(self)


@dataclass(frozen=True)
class ChoiceDomain:
    """Alternatives without an order.

    Args:
        choices: Texts, numbers, booleans or None, each once.
    """

    kind: ClassVar[str] = "choice"
    choices: tuple[Any, ...]

    @property
    def ends(self) -> tuple[Any, ...]:
        """All of them."""
        return self.choices

    def suggest(self, name: str, trial: Suggests) -> Any:
        """Draw a value from a trial."""
        return trial.suggest_categorical(name, list(self.choices))

    def contains(self, value: Any) -> bool:
        """Whether a trial may draw this value; `1`, `1.0` and `true` differ."""
        return repr(value) in map(repr, self.choices)

    def takes_only(self, right: Callable[[Any], bool]) -> bool:
        """Whether every choice is right."""
        return all(map(right, self.choices))

    def range_text(self) -> str:
        """Return the choices as the tables show them."""
        return ", ".join(map(str, self.choices))


Domain = FloatDomain | IntDomain | ChoiceDomain


class Many(NamedTuple):
    """A hole that stands for as many parameters as the models have layers or tensors.

    Args:
        path: How all their names begin.
        words: What it says of its range, such as `[0, 1], tensors each`.
        known: Whether their number is known.
    """

    path: str
    words: str
    known: bool


@dataclass(frozen=True)
class Parameter:
    """One value to search.

    Args:
        name: Readable path such as `ties.weight[rev]`; unique in the space.
        domain: What it ranges over.
        of: The hole that makes many such parameters, or None; parameters are equal without it.
    """

    name: str
    domain: Domain
    of: Many | None = field(default=None, compare=False)

    @property
    def kind(self) -> str:
        """What the file calls its domain: `float`, `int` or `choice`."""
        return self.domain.kind

    def suggest(self, trial: Suggests) -> Any:
        """Draw a value from a trial."""
        return self.domain.suggest(self.name, trial)

    def range_text(self) -> str:
        """Return the range as the tables show it."""
        return self.domain.range_text()


def _within(domain: FloatDomain | IntDomain, value: float) -> bool:
    step = domain.step
    if step is None:
        return domain.low <= value <= domain.high
    slack = step * _ROUNDING
    within = domain.low - slack <= value <= domain.high + slack
    return within and divides(step, value - domain.low)


_ROUNDING = 1e-8
"""What a number of steps may be off by."""


def divides(step: float, length: float) -> bool:
    """Whether a length is a whole number of steps, rounding apart."""
    return abs(length / step - round(length / step)) < _ROUNDING


def _range_text(domain: FloatDomain | IntDomain) -> str:
    log = " log" if domain.log else ""
    step = f" step {domain.step:g}" if domain.step is not None else ""
    return f"[{domain.low:g}, {domain.high:g}]{log}{step}"
