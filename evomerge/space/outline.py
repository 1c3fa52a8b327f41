"""The tensors of a model by their names: which lie in layers, how many layers, of which kinds."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

_BUFFERS = ("rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias", ".attention.masked_bias")
"""Ends of names that old checkpoints give to what is computed and never merged."""


class Place(NamedTuple):
    """Where a layer's tensor stands.

    Args:
        stack: The name before the layer's number, such as `model.layers`.
        layer: The number, from 0.
        kind: The name after it, such as `mlp.up_proj.weight`.
    """

    stack: str
    layer: int
    kind: str


def place(name: str) -> Place | None:
    """Return where a tensor stands, or None outside the layers.

    The layer's number is the first part of a name that is a whole number, if others follow.
    """
    parts = name.split(".")
    for index, part in enumerate(parts[:-1]):
        if part.isdecimal():
            return Place(".".join(parts[:index]), int(part), ".".join(parts[index + 1 :]))
    return None


@dataclass(frozen=True)
class Outline:
    """The names of a model's tensors, or of those that one slice of a merge makes.

    Args:
        names: The names, sorted.
        rest: Whether a value is wanted for tensors that are not among them.
    """

    names: tuple[str, ...]
    rest: bool = False

    @classmethod
    def of(cls, names: Iterable[str]) -> "Outline":
        """Return the outline of these tensors; buffers of old checkpoints are left out."""
        return cls(tuple(sorted(name for name in set(names) if not name.endswith(_BUFFERS))))

    @cached_property
    def layers(self) -> dict[str, int]:
        """How many layers each stack has: `model.layers` → 32."""
        found: dict[str, int] = {}
        for stack, layer, _ in filter(None, map(place, self.names)):
            found[stack] = max(found.get(stack, 0), layer + 1)
        return found

    @property
    def outside(self) -> tuple[str, ...]:
        """The tensors outside the layers."""
        return tuple(name for name in self.names if place(name) is None)

    @property
    def has_experts(self) -> bool:
        """Whether a layer has tensors that are numbered too."""
        inner = [at.kind.split(".")[:-1] for at in map(place, self.names) if at is not None]
        return any(part.isdecimal() for parts in inner for part in parts)

    @property
    def depth(self) -> int | None:
        """The number of layers; None where there are none, or stacks that differ in theirs."""
        counts = set(self.layers.values())
        return counts.pop() if len(counts) == 1 else None

    def slice(self, first: int, end: int, *, rest: bool) -> "Outline":
        """Return the outline of some layers, counted from 0, without what is outside of layers.

        Args:
            first: The first layer.
            end: The layer before which they end.
            rest: Whether tensors outside the layers are merged with them.
        """
        places = [p for p in map(place, self.names) if p is not None and first <= p.layer < end]
        names = sorted(f"{stack}.{layer - first}.{kind}" for stack, layer, kind in places)
        return replace(self, names=tuple(names), rest=rest)
