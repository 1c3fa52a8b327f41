"""Which tensors a recipe's models have, and the space in which `each` hole knows them."""

from collections.abc import Mapping
from functools import partial

from evomerge import zoo
from evomerge.errors import InputError, attempt, raise_together
from evomerge.merge.models.headers import read_headers
from evomerge.merge.models.locations import find, find_here
from evomerge.merge.models.needed import merged_names
from evomerge.recipe.document import Role
from evomerge.space.outline import Outline
from evomerge.space.problems import Problems
from evomerge.space.reading.recipes.alternatives import check_shared_names
from evomerge.space.space import Space
from evomerge.space.template import Template
from evomerge.space.unfold import folded, unfold


def unfolded(space: Space, locations: Mapping[str, str], *, fetch: bool = True) -> Space:
    """Return a space whose holes for `each` layer, part or tensor are written out.

    Tensors are those of a recipe's base model, or of its first model where it has none, read
    from the headers of its weights; where it has experts, mergekit is asked what it makes of them.

    Args:
        space: The space.
        locations: Reference → what mergekit can open.
        fetch: Whether hub models may be downloaded; without it, recipes of models that are not
            here stay as they are.

    Raises:
        InputError: The models' tensors cannot be read, or holes cannot be written out for them.
    """
    shaping = {t.label: _shaping(space, t) for t in filter(folded, space.templates)}
    outlines: dict[str, Outline] = {}
    unread: list[InputError] = []
    for reference in dict.fromkeys(shaping.values()):
        outline = attempt(partial(_outline, reference, locations[reference], fetch), unread)
        if outline is not None:
            outlines[reference] = outline
    raise_together(unread)
    found = unfold(space, {label: outlines[r] for label, r in shaping.items() if r in outlines})
    problems = Problems(space.marked)
    check_shared_names(found, problems)
    problems.raise_if_any()
    return found


def _shaping(space: Space, template: Template) -> str:
    """Return the reference of the model whose tensors a recipe's results have."""
    name = (*template.models(Role.BASE), *template.models(Role.INPUT))[0]
    return space.models.get(name, name)


def _outline(reference: str, location: str, fetch: bool) -> Outline | None:
    """Return the outline of a model; None where it is not here and may not be fetched."""
    if zoo.missing([reference]):
        return Outline.of(zoo.tensors(reference))
    folder = find(location).model if fetch else find_here(location)
    if folder is None:
        return None
    names = read_headers(folder).shapes
    if not names:
        raise InputError(
            "each layer or tensor needs the names of the tensors, which pickles do not tell",
            where=str(folder),
            help="save the model as safetensors, or write layers: N and modules: [...]",
        )
    found = Outline.of(names)
    return Outline.of(merged_names(folder)) if found.has_experts else found
