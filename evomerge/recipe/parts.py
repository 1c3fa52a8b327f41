"""Parts of a recipe's document by their meaning: what it sets, what it merges with each other."""

from collections.abc import Iterable, Mapping
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
        scopes: The parameters set around them, nearest first: of the slice, the module, the recipe.
    """

    inputs: list[Mapping[str, Any]]
    base: str | None
    base_is_added: bool
    scopes: tuple[Mapping[str, Any], ...]

    def shared(self, name: str, default: Any = None) -> Any:
        """Return what is set for all of its models, or a default."""
        return _nearest(self.scopes, name, default)

    def own(self, source: Mapping[str, Any], name: str, default: Any = None) -> Any:
        """Return what is set for one of its inputs, by itself or around it, or a default."""
        return _nearest((_parameters(source), *self.scopes), name, default)


def merge_groups(document: Mapping[str, Any]) -> tuple[MergeGroup, ...]:
    """Return every group of a document without holes."""
    base = document.get("base_model")
    nodes = [visit for visit in walk(document) if visit.role is Role.NODE]
    modules = {node.tag: _parameters(node.value) for node in nodes if node.kind == "module"}
    found = []
    for node in nodes:
        own = _parameters(node.value)
        if node.kind == "slice":
            around = modules.get(node.tag.rpartition(".")[0], {}), _parameters(document)
            slice_base = node.value.get("base_model", base)
            found.append(MergeGroup(node.value["sources"], slice_base, False, (own, *around)))
        elif "models" in node.value:
            scopes = (own, _parameters(document)) if node.kind == "module" else (own,)
            found.append(MergeGroup(node.value["models"], base, True, scopes))
    return tuple(found)


def _parameters(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = node.get("parameters", {})
    return found


def _nearest(scopes: Iterable[Mapping[str, Any]], name: str, default: Any) -> Any:
    """Return a parameter as mergekit finds it: in the first scope that sets it."""
    return next((scope[name] for scope in scopes if name in scope), default)
