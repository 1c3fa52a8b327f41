"""Parts of a recipe's document by their meaning: what it sets, what it merges with each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evomerge.recipe.document import Role, walk
from evomerge.recipe.values import rebuild_value


@dataclass(frozen=True)
class Setting:
    """One parameter of a merge, as one place of a document sets it.

    Args:
        name: As mergekit writes it.
        scope: Whose it is: of the `recipe`, a `module`, a `slice`, an `input`.
        value: A value, a gradient, a list of filters; or a hole, or holes in these.
    """

    name: str
    scope: str
    value: Any

    @property
    def leaves(self) -> tuple[Any, ...]:
        """Its values, one by one: scalars and holes."""
        found: list[Any] = []
        rebuild_value(self.value, "", lambda leaf, _: found.append(leaf))
        return tuple(found)


def settings(document: Mapping[str, Any]) -> tuple[Setting, ...]:
    """Return every parameter that a document sets, in its order."""
    return tuple(
        Setting(name, visit.kind, value)
        for visit in walk(document)
        if visit.role is Role.PARAMETERS
        for name, value in visit.value.items()
    )


@dataclass(frozen=True)
class MergeGroup:
    """Models that are merged with each other: `models:`, or the sources of one slice.

    Args:
        inputs: Each model's entry: `model`, and perhaps `layer_range` and `parameters`.
        base: The base model, or None.
        base_is_added: Whether mergekit adds a base that is not listed, as for `models:`.
    """

    inputs: list[Mapping[str, Any]]
    base: str | None
    base_is_added: bool


def merge_groups(document: Mapping[str, Any]) -> tuple[MergeGroup, ...]:
    """Return every group of a document without holes."""
    base = document.get("base_model")
    nodes = [visit for visit in walk(document) if visit.role is Role.NODE]
    return tuple(
        MergeGroup(node.value["models"], base, True)
        if node.kind != "slice"
        else MergeGroup(node.value["sources"], node.value.get("base_model", base), False)
        for node in nodes
        if node.kind == "slice" or "models" in node.value
    )
