"""What a recipe with holes asks of its models at every point, in plain values."""

from dataclasses import dataclass

from evomerge.recipe.document import Role, walk
from evomerge.recipe.parts import Setting, settings
from evomerge.recipe.values import filtered
from evomerge.space.hole import Hole, ends
from evomerge.space.stack import Stack
from evomerge.space.template import Template


@dataclass(frozen=True)
class Demands:
    """What no point of a recipe can do without.

    Args:
        stack_layers: Depth of the parents of a `stack:`, or None.
        layers: For each source of a slice the layer, excluded, to which it reaches at least.
        anchors: Numbers of anchors that gradients have.
        filters: Substrings of tensor names that get a value of their own.
    """

    stack_layers: int | None
    layers: tuple[int, ...]
    anchors: tuple[int, ...]
    filters: tuple[str, ...]


def demands(template: Template) -> Demands:
    """Return what a recipe asks of its models, each thing once, in the recipe's order."""
    slices = template.document.get("slices")
    holes = [
        leaf
        for setting in settings(template.document)
        for leaf in setting.leaves
        if isinstance(leaf, Hole)
    ]
    reached = [min(ends(v.value)) for v in walk(template.document) if v.role is Role.END_LAYER]
    filters = [name for s in settings(template.document) for name in _filters(s)]
    return Demands(
        stack_layers=slices.layers if isinstance(slices, Stack) else None,
        layers=tuple(dict.fromkeys(reached)),
        anchors=tuple(dict.fromkeys(hole.layers for hole in holes if hole.layers is not None)),
        filters=tuple(dict.fromkeys(filters)),
    )


def _filters(setting: Setting) -> list[str]:
    fixed = [name for name, _ in filtered(setting.value) if name is not None]
    return fixed + [n for leaf in setting.leaves if isinstance(leaf, Hole) for n in leaf.modules]
