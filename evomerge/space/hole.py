"""Holes: what stands in a recipe where a value is to be searched."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from evomerge.space.domains import Domain, Many, Parameter
from evomerge.space.places import Path

Draw = Callable[[Parameter], Any]
"""Gives the value of one parameter."""

EACH = "each"
"""What a hole says for a value for each layer, part of a layer or tensor that the models have."""


class Part(NamedTuple):
    """The tensors that take one of a hole's values, or one a layer.

    Args:
        name: What its parameters' names end with; empty where all tensors are meant.
        filter: Substring of the tensors' names, or None for all that no filter has caught.
        anchors: For each anchor of a gradient the number of its parameter; empty for one value.
    """

    name: str
    filter: str | None
    anchors: tuple[int, ...]


@dataclass(frozen=True)
class Hole:
    """A hole as the file writes it: one parameter, or one for each anchor and module.

    Args:
        domain: What each of its values ranges over.
        layers: Anchors of a gradient over the layers, ≥ 2, or None for one value.
        modules: Substrings of tensor names that get a value of their own.
        name: Name shared by holes that take the same value, or None.
        each: Of `layers`, `modules`, `tensors`, those of which each gets a value of its own.
        unfolded: What that is in the models at hand, or None while these are not known.
        path: Where it stands in the space's file.
    """

    domain: Domain
    layers: int | None = None
    modules: tuple[str, ...] = ()
    name: str | None = None
    each: tuple[str, ...] = ()
    unfolded: tuple[Part, ...] | None = None
    path: Path = field(default=(), compare=False, repr=False)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Its values in their order; a single one stands for many that are not known yet."""
        if self.unfolded is not None:
            return self.unfolded
        if self.each:
            return (Part(EACH, None, ()),)
        anchors = tuple(range(self.layers or 0))
        if not self.modules:
            return (Part("", None, anchors),)
        named = [Part(module, module, anchors) for module in self.modules]
        return (*named, Part("rest", None, anchors))

    def parameters(self, path: str) -> list[Parameter]:
        """Return the parameters of this hole, in the order in which they are drawn."""
        found: dict[str, Parameter] = {}
        self.fill(path, lambda parameter: found.setdefault(parameter.name, parameter))
        return list(found.values())

    def fill(self, path: str, draw: Draw) -> Any:
        """Return the hole's value as mergekit's YAML writes it.

        Args:
            path: Readable name, such as `ties.weight[rev]`; `name` takes its place.
            draw: Gives the value of one parameter.

        Returns:
            A scalar; a list of scalars for a gradient; for several parts a list of
            `{filter, value}`, the last one without filter.
        """
        path = self.name or path
        of = self._of(path) if self.each else None
        entries = [
            ({} if part.filter is None else {"filter": part.filter})
            | {"value": self._value(part, path, draw, of)}
            for part in self.parts
        ]
        return entries[0]["value"] if len(entries) == 1 else entries

    def __str__(self) -> str:
        shown = [f"{self.domain.kind} {self.domain.range_text()}"]
        shown += [f"layers {self.layers}"] if self.layers else []
        shown += [f"modules {', '.join(self.modules)}"] if self.modules else []
        shown += [f"{word} {EACH}" for word in self.each]
        shown += [f"name {self.name}"] if self.name else []
        return ", ".join(shown)

    def _of(self, path: str) -> Many:
        words = str(self).removeprefix(f"{self.domain.kind} ")
        return Many(path, words, self.unfolded is not None)

    def _value(self, part: Part, path: str, draw: Draw, of: Many | None) -> Any:
        start = f"{path}[{part.name}]" if part.name else path
        if not part.anchors:
            return draw(Parameter(start, self.domain, of))
        return [draw(Parameter(f"{start}[{n}]", self.domain, of)) for n in part.anchors]


def ends(value: Any) -> tuple[Any, ...]:
    """Return what bounds a value of a recipe: the ends or choices of a hole, or the value."""
    return value.domain.ends if isinstance(value, Hole) else (value,)
