"""Whether a recipe with holes fits its models: layers that they have, tensors that are there."""

from collections.abc import Mapping

from evomerge.errors import InputError, raise_together
from evomerge.merge.models.metadata import Metadata
from evomerge.merge.models.needed import needed_weights
from evomerge.space.demands import demands
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
    wanted, wrong = demands(template), dict[str, str]()
    if depth is not None:
        if wanted.stack_layers not in (None, depth):
            what = f"the stack's layers is {wanted.stack_layers}, but the models have {depth}"
            wrong[what] = ""
        for layer in wanted.layers:
            if layer > depth:
                wrong[f"it asks for layer {layer}, but the models have {depth}"] = ""
        for count in wanted.anchors:
            if count > 2 * depth:
                wrong[f"{count} anchors over {depth} layers: most would have no effect"] = ""
    for name in wanted.filters:
        if tensors and not any(name in tensor for tensor in tensors):
            wrong[f"no tensor's name contains {name!r}"] = f"names are such as {min(tensors)}"
    where = f"recipe {template.label}"
    raise_together([InputError(what, where=where, help=help) for what, help in wrong.items()])
