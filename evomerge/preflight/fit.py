"""Whether a recipe with holes fits its models: layers that they have, tensors that are there."""

from collections.abc import Iterable, Mapping
from typing import Any

from evomerge.errors import InputError, raise_together
from evomerge.merge.models.metadata import Metadata
from evomerge.merge.models.needed import needed_weights
from evomerge.space.domains import Hole
from evomerge.space.pair import Pair
from evomerge.space.stack import Stack
from evomerge.space.template import Template


def check_fit(template: Template, parents: Mapping[str, Metadata]) -> None:
    """Refuse what no point of a recipe could make right.

    Args:
        template: The recipe.
        parents: Reference → metadata of its models.

    Raises:
        InputError: Everything that does not fit, at once.
    """
    depths = [model.layers for model in parents.values() if model.layers is not None]
    depth = max(depths, default=None)
    tensors = {name for model in parents.values() for name in model.weights.shapes}
    tensors |= {w.name for model in parents.values() for w in needed_weights(model.config)}
    wrong: dict[str, str] = {}
    for node in _nodes(template.document):
        if isinstance(node, Stack) and depth is not None and node.layers != depth:
            wrong[f"the stack's layers is {node.layers}, but the models have {depth}"] = ""
        if depth is not None and (high := _reach(node)) > depth:
            wrong[f"it asks for layer {high}, but the models have {depth}"] = ""
        if depth is not None and isinstance(node, Hole) and (node.layers or 0) > 2 * depth:
            wrong[f"{node.layers} anchors over {depth} layers: most would have no effect"] = ""
        for name in _filters(node):
            if tensors and not any(name in tensor for tensor in tensors):
                wrong[f"no tensor's name contains {name!r}"] = f"names are such as {min(tensors)}"
    where = f"recipe {template.label}"
    raise_together([InputError(what, where=where, help=help) for what, help in wrong.items()])


def _nodes(node: Any) -> Iterable[Any]:
    """Return every part of a template's document, outermost first."""
    yield node
    if isinstance(node, Pair | Stack):
        yield from _nodes(node.parameters)
    children = (
        node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
    )
    for child in children:
        yield from _nodes(child)


def _reach(node: Any) -> int:
    """Return the layer up to which a slice reaches at least; 0 for what is no slice."""
    if isinstance(node, Mapping) and isinstance(node.get("layer_range"), list):
        end = node["layer_range"][1]
        values = (end.choices or (end.low,)) if isinstance(end, Hole) else (end,)
        return int(min(values))
    return 0


def _filters(node: Any) -> Iterable[str]:
    if isinstance(node, Hole):
        return node.modules
    if isinstance(node, Mapping) and isinstance(node.get("filter"), str):
        return [node["filter"]]
    return ()
