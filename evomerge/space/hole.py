"""Holes: what stands in a recipe where a value is to be searched."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evomerge.space.domains import Domain, Parameter

Draw = Callable[[Parameter], Any]
"""Gives the value of one parameter."""


@dataclass(frozen=True)
class Hole:
    """A hole as the file writes it: one parameter, or one for each anchor and module.

    Args:
        domain: What each of its values ranges over.
        layers: Anchors of a gradient over the layers, ≥ 2, or None for one value.
        modules: Substrings of tensor names that get a value of their own.
        name: Name shared by holes that take the same value, or None.
    """

    domain: Domain
    layers: int | None = None
    modules: tuple[str, ...] = ()
    name: str | None = None

    def parameters(self, path: str) -> list[Parameter]:
        """Return the parameters of this hole, in the order in which they are drawn."""
        found: list[Parameter] = []
        self.fill(path, found.append)
        return found

    def fill(self, path: str, draw: Draw) -> Any:
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

    def __str__(self) -> str:
        shown = [f"{self.domain.kind} {self.domain.range_text()}"]
        shown += [f"layers {self.layers}"] if self.layers else []
        shown += [f"modules {', '.join(self.modules)}"] if self.modules else []
        shown += [f"name {self.name}"] if self.name else []
        return ", ".join(shown)

    def _anchors(self, path: str, draw: Draw) -> Any:
        if self.layers is None:
            return draw(Parameter(path, self.domain))
        return [draw(Parameter(f"{path}[{anchor}]", self.domain)) for anchor in range(self.layers)]


def ends(value: Any) -> tuple[Any, ...]:
    """Return what bounds a value of a recipe: the ends or choices of a hole, or the value."""
    return value.domain.ends if isinstance(value, Hole) else (value,)
