"""Write holes for `each` layer, part or tensor out, once the models' tensors are known."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from evomerge.errors import InputError
from evomerge.methods.types import is_int
from evomerge.recipe.document import Role, Visit, rebuild
from evomerge.recipe.parts import settings
from evomerge.recipe.values import rebuild_value
from evomerge.space.domains import FloatDomain
from evomerge.space.hole import Hole, Part
from evomerge.space.kinds import Told, tell_apart
from evomerge.space.outline import Outline
from evomerge.space.pair import Pair
from evomerge.space.problems import Problems
from evomerge.space.space import Space
from evomerge.space.stack import Stack
from evomerge.space.template import Template


def unfold(space: Space, outlines: Mapping[str, Outline]) -> Space:
    """Return a space whose holes for `each` know what they stand for in the models at hand.

    Args:
        space: The space as read.
        outlines: Label of a recipe → outline of its models; a recipe without one stays folded.

    Raises:
        InputError: Holes cannot be written out for these models: all of them, where they stand.
    """
    problems = Problems(space.marked)
    templates = tuple(
        _unfolded(template, outlines[template.label], problems)
        if template.label in outlines
        else template
        for template in space.templates
    )
    problems.raise_if_any()
    return replace(space, templates=templates)


def folded(template: Template) -> bool:
    """Whether a recipe has holes that its models' tensors must be known for."""
    return any(
        isinstance(leaf, Hole) and leaf.each and leaf.unfolded is None
        for setting in settings(template.document)
        for leaf in setting.leaves
    )


def _unfolded(template: Template, outline: Outline, problems: Problems) -> Template:
    found = _Scopes(outline, template.document)

    def change(visit: Visit) -> Any:
        value = visit.value
        if visit.role is Role.NODE:
            found.enter(visit)
        elif visit.role is Role.PARAMETERS:
            return _settings(value, found.of(visit), problems)
        elif isinstance(value, Pair | Stack):
            return replace(value, parameters=_settings(value.parameters, outline, problems))
        return value

    return replace(template, document=rebuild(template.document, change))


def _settings(values: Mapping[str, Any], outline: Outline, problems: Problems) -> dict[str, Any]:
    """Return settings whose holes are written out, noting those that cannot be."""

    def leaf(value: Any, name: str) -> Any:
        if not isinstance(value, Hole) or not value.each:
            return value
        try:
            return replace(value, unfolded=parts(value, outline))
        except InputError as error:
            problems.add((*value.path, value.each[0]), f"{name}: {error.what}", help=error.help)
            return value

    return {name: rebuild_value(value, name, leaf) for name, value in values.items()}


class _Scopes:
    """Which tensors the settings at each place of a document are for, as it is walked."""

    def __init__(self, whole: Outline, document: Mapping[str, Any]) -> None:
        self._whole = whole
        self._slices: list[Any] = []
        self._slice = whole
        self._recipe = self._module = self._list(document)

    def enter(self, visit: Visit) -> None:
        """Note that a part of the document begins."""
        if visit.kind == "module":
            self._module = self._list(visit.value)
        elif visit.kind == "slice":
            self._slice = self._of_slice(visit.value)

    def of(self, visit: Visit) -> Outline:
        """Return the tensors for which settings are that stand here."""
        if visit.kind == "recipe":
            return self._recipe
        within = visit.kind == "slice" or (visit.kind == "input" and self._slices)
        return self._slice if within else self._module

    def _list(self, node: Mapping[str, Any]) -> Outline:
        """Note the slices of a recipe or module; return the tensors of all of them."""
        slices = node.get("slices")
        self._slices = slices if isinstance(slices, list) else []
        return self._of_slice(self._slices[0]) if len(self._slices) == 1 else self._whole

    def _of_slice(self, item: Mapping[str, Any]) -> Outline:
        """Return the tensors of one slice; those outside the layers go to the first and last."""
        ends = item["sources"][0]["layer_range"]
        if not all(map(is_int, ends)):
            return self._whole
        if len(self._slices) > 1:
            edge = any(item is end for end in (self._slices[0], self._slices[-1]))
            return self._whole.slice(*ends, rest=edge)
        inner = self._whole.slice(*ends, rest=False)
        return Outline.of((*inner.names, *self._whole.outside))


def parts(hole: Hole, outline: Outline) -> tuple[Part, ...]:
    """Return what a hole with `each` stands for.

    Args:
        hole: The hole.
        outline: The tensors that it is for.

    Raises:
        InputError: The layers cannot be counted, or no filter tells the tensors apart.
    """
    exact = not isinstance(hole.domain, FloatDomain)
    by = next((word for word in hole.each if word != "layers"), None)
    if by is None:
        depth = outline.depth
        if depth is None:
            raise InputError(
                f"layers: each needs one stack of layers, the model has {_stacks(outline)}",
                help="layers: 3 is a gradient over each of them",
            )
        anchors = _anchors(depth, tuple(range(depth)), exact)
        named = [Part(module, module, anchors) for module in hole.modules]
        return (*named, Part("rest" if named else "", None, anchors))
    each_layer = hole.each != ("modules",)
    found = [_part(told, hole, each_layer, exact) for told in tell_apart(outline, by)]
    return (*found, *([Part("rest", None, ())] if outline.rest else []))


def _part(told: Told, hole: Hole, each_layer: bool, exact: bool) -> Part:
    kind = told.kind
    anchors: tuple[int, ...] = ()
    if kind.depth and each_layer:
        anchors = _anchors(kind.depth, kind.layers, exact)
    elif kind.depth:
        anchors = tuple(range(hole.layers or 0))
    return Part(told.name, told.filter, anchors)


def _anchors(depth: int, having: tuple[int, ...], exact: bool) -> tuple[int, ...]:
    """Return the number of the layer's parameter for each anchor of a gradient.

    mergekit evaluates layer i of L at t = i / (L - 1), which with L anchors is anchor i, up to
    rounding: a number is mixed with its neighbour's by one part in 10¹⁵. What cannot be mixed
    would be its neighbour's, so that there each layer has three anchors.

    Args:
        depth: Layers in all, L.
        having: Those that have a parameter, in order; one that has none takes the last before it.
        exact: Whether values may not be mixed.
    """
    if len(having) == 1:
        return ()
    owner, own, known = [], having[0], set(having)
    for layer in range(depth):
        own = layer if layer in known else own
        owner.append(own)
    misread = any(layer / (depth - 1) * (depth - 1) != layer for layer in range(depth))
    if exact and misread:
        return tuple(owner[round(anchor / 3)] for anchor in range(3 * (depth - 1) + 1))
    return tuple(owner)


def _stacks(outline: Outline) -> str:
    shown = [f"{count} in {stack}" for stack, count in outline.layers.items()]
    return " and ".join(shown) or "none"
