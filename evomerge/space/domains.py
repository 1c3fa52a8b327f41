"""Holes: what stands in a recipe where a value is to be searched."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from evomerge.methods.types import is_int, is_number
from evomerge.space.reading.problems import Problems, show
from evomerge.space.reading.yaml import Path

KINDS = ("float", "int", "choice")


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
class Parameter:
    """One value to search, with its range.

    Args:
        name: Readable path such as `ties.weight[rev]`; unique in the space.
        kind: `float`, `int` or `choice`.
        low: Lower end, included; None for a choice.
        high: Upper end, included; None for a choice.
        step: Grid of the values, or None.
        log: Whether values are drawn on a logarithmic scale.
        choices: The alternatives of a choice, else empty.
    """

    name: str
    kind: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()

    def suggest(self, trial: Suggests) -> Any:
        """Draw a value from a trial."""
        if self.kind == "choice":
            return trial.suggest_categorical(self.name, list(self.choices))
        assert self.low is not None and self.high is not None
        if self.kind == "int":
            return trial.suggest_int(
                self.name, int(self.low), int(self.high), step=int(self.step or 1), log=self.log
            )
        return trial.suggest_float(self.name, self.low, self.high, step=self.step, log=self.log)

    def range_text(self) -> str:
        """Return the range as the tables show it."""
        if self.kind == "choice":
            return ", ".join(map(str, self.choices))
        log = " log" if self.log else ""
        step = f" step {self.step:g}" if self.step is not None else ""
        return f"[{self.low:g}, {self.high:g}]{log}{step}"


@dataclass(frozen=True)
class Hole:
    """A hole as the file writes it: one parameter, or one for each anchor and module.

    Args:
        kind: `float`, `int` or `choice`.
        low: Lower end, included; None for a choice.
        high: Upper end, included; None for a choice.
        step: Grid of the values, or None.
        log: Whether values are drawn on a logarithmic scale.
        choices: The alternatives of a choice, else empty.
        layers: Anchors of a gradient over the layers, ≥ 2, or None for one value.
        modules: Substrings of tensor names that get a value of their own.
        name: Name shared by holes that take the same value, or None.
    """

    kind: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()
    layers: int | None = None
    modules: tuple[str, ...] = ()
    name: str | None = None

    def parameters(self, path: str) -> list[Parameter]:
        """Return the parameters of this hole, in the order in which they are drawn."""
        found: list[Parameter] = []
        self.fill(path, lambda parameter: found.append(parameter))
        return found

    def fill(self, path: str, draw: Callable[[Parameter], Any]) -> Any:
        """Return the hole's value as mergekit's YAML writes it.

        Args:
            path: Readable name, such as `ties.weight[rev]`; `name` takes its place.
            draw: Gives the value of one parameter.

        Returns:
            A scalar; a list of `layers` scalars for a gradient; for `modules` a list of
            `{filter, value}`, the last one without filter.
        """
        path = self.name or path
        if not self.modules:
            return self._anchors(path, draw)
        entries: list[dict[str, Any]] = [
            {"filter": module, "value": self._anchors(f"{path}[{module}]", draw)}
            for module in self.modules
        ]
        return [*entries, {"value": self._anchors(f"{path}[rest]", draw)}]

    def _anchors(self, path: str, draw: Callable[[Parameter], Any]) -> Any:
        if self.layers is None:
            return draw(self._parameter(path))
        return [draw(self._parameter(f"{path}[{anchor}]")) for anchor in range(self.layers)]

    def _parameter(self, name: str) -> Parameter:
        return Parameter(name, self.kind, self.low, self.high, self.step, self.log, self.choices)


def is_hole(value: Any) -> bool:
    """Whether a value of the file is meant as a hole."""
    return isinstance(value, Mapping) and any(kind in value for kind in KINDS)


def read_hole(
    value: Mapping[str, Any], path: Path, problems: Problems, *, in_parameters: bool
) -> Hole | None:
    """Read a hole, noting its mistakes.

    Args:
        value: The mapping in the file.
        path: Where it stands.
        problems: Takes the mistakes.
        in_parameters: Whether `layers`, `modules` make sense here: only merge parameters
            take gradients and filters.

    Returns:
        The hole, or None if it is wrong.
    """
    kinds = [kind for kind in KINDS if kind in value]
    if len(kinds) != 1:
        problems.add(path, f"a hole has one of float, int, choice, got {' and '.join(kinds)}")
        return None
    kind = kinds[0]
    allowed = [kind, "name"]
    allowed += ["layers", "modules"] if in_parameters else []
    allowed += ["log", "step"] if kind != "choice" else []
    if set(value) - set(allowed):
        problems.known_keys(value, path, allowed)
        return None
    shape = _read_shape(value, path, problems)
    if shape is None:
        return None
    if kind == "choice":
        choices = value["choice"]
        if not isinstance(choices, list) or not choices or not all(map(_is_scalar, choices)):
            problems.add((*path, "choice"), f"choice must be a list of values, got {show(choices)}")
            return None
        if len(set(map(repr, choices))) < len(choices):
            problems.add((*path, "choice"), f"a choice stands twice in {show(choices)}")
            return None
        return Hole("choice", choices=tuple(choices), **shape)
    return _read_range(kind, value, path, problems, shape)


def _read_shape(value: Mapping[str, Any], path: Path, problems: Problems) -> dict[str, Any] | None:
    layers, modules, name = value.get("layers"), value.get("modules", []), value.get("name")
    if layers is not None and not (is_int(layers) and layers >= 2):
        problems.add(
            (*path, "layers"), f"layers must be a whole number of at least 2, got {layers!r}"
        )
        return None
    if not isinstance(modules, list) or not all(isinstance(m, str) and m for m in modules):
        problems.add((*path, "modules"), f"modules must be a list of names, got {show(modules)}")
        return None
    if len(set(modules)) < len(modules):
        problems.add((*path, "modules"), f"a module stands twice in {show(modules)}")
        return None
    if name is not None and not (isinstance(name, str) and name):
        problems.add((*path, "name"), f"name must be text, got {show(name)}")
        return None
    return {"layers": layers, "modules": tuple(modules), "name": name}


def _read_range(
    kind: str, value: Mapping[str, Any], path: Path, problems: Problems, shape: dict[str, Any]
) -> Hole | None:
    ends, step, log = value[kind], value.get("step"), value.get("log", False)
    right = is_int if kind == "int" else is_number
    if not (isinstance(ends, list) and len(ends) == 2 and all(map(right, ends))):
        numbers = "whole numbers" if kind == "int" else "numbers"
        problems.add((*path, kind), f"{kind} must be [low, high], two {numbers}, got {show(ends)}")
        return None
    low, high = ends
    if low >= high:
        problems.add(
            (*path, kind),
            f"range is upside down or empty, got [{low}, {high}]",
            help=f"write [{high}, {low}]" if low > high else "write the value itself",
        )
        return None
    if not isinstance(log, bool):
        problems.add((*path, "log"), f"log must be true or false, got {show(log)}")
        return None
    if log and low <= 0:
        problems.add(path, f"a log range starts above 0, got [{low}, {high}]")
        return None
    if step is not None and not (right(step) and step > 0):
        problems.add((*path, "step"), f"step must be a positive number, got {show(step)}")
        return None
    if log and step is not None:
        problems.add((*path, "step"), "log and step exclude each other")
        return None
    if step is not None and not _divides(step, high - low):
        reached = low + step * int((high - low) / step)
        problems.add(
            (*path, "step"),
            f"step {step} does not divide [{low}, {high}]",
            help=f"the last value it reaches is {reached:g}",
        )
        return None
    return Hole(kind, low, high, step, log, **shape)


def _divides(step: float, length: float) -> bool:
    return abs(length / step - round(length / step)) < 1e-8


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool) or value is None
