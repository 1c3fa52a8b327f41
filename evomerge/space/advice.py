"""What a person should know about a space that is no mistake."""

from collections.abc import Iterator, Sequence
from typing import Any

from evomerge.methods.types import is_number
from evomerge.recipe.parts import settings
from evomerge.recipe.values import filtered
from evomerge.samplers import SAMPLERS
from evomerge.space.learned import alternatives
from evomerge.space.space import Space
from evomerge.space.template import Template


def notes(space: Space) -> list[str]:
    """Return plain sentences on how this space will be searched; empty if all goes as expected.

    What the space's sampler cannot search is drawn at random.
    """
    found = [*_drawn_at_random(space), *_learned(space)]
    if any(p.of is not None and not p.of.known for p in space.parameters()):
        found.append(
            "how many numbers holes for `each` layer, module or tensor make is known once the "
            "models are here"
        )
    if space.evaluate.held_out == 0:
        found.append("held_out is 0: the search ends without a verdict")
    if space.base is None:
        found.append(
            "no base model: generation 0 has no base and no task arithmetic, and recipes: auto "
            "no method that needs one"
        )
    found += dict.fromkeys(note for t in space.templates for note in _broken_bands(t))
    found += _fixed_gradients(space)
    return found


def _drawn_at_random(space: Space) -> list[str]:
    """Return a note on the parameters that the sampler cannot search, if there are any."""
    can, parameters = SAMPLERS[space.search.sampler], space.parameters()
    shared = {p.name for p in space.shared_parameters}
    random = [
        p.name
        for p in parameters
        if not (can.conditional or p.name in shared) or not (can.choices or p.kind != "choice")
    ]
    if not random:
        return []
    reasons = ["not every recipe has them"] * (not can.conditional)
    reasons += ["they are choices"] * (not can.choices)
    return [
        f"{space.search.sampler} searches {len(parameters) - len(random)} of {len(parameters)} "
        f"parameters; drawn at random, because {' or '.join(reasons)}: {_some(random)}"
    ]


def _learned(space: Space) -> list[str]:
    """Return notes on what is learned by gradients, and who proposes the rest, if anything is."""
    if not SAMPLERS[space.search.sampler].gradient:
        return []
    parameters, known = space.parameters(), alternatives(space)
    learned = {name for one in known for name in one.learned}
    if not learned:
        return ["nothing in this space has a derivative: TPE proposes every trial, as tpe does"]
    least = "" if all(p.of is None or p.of.known for p in parameters) else "at least "
    found = [f"gradient learns {least}{_count(len(learned), 'number')}"]
    rest = [p.name for p in parameters if p.name not in learned]
    if rest:
        found.append(
            f"without a derivative, so that TPE proposes them when a chain of steps begins: "
            f"{_some(rest)}"
        )
    if without := [one.name for one in known if not one.learned]:
        found.append(f"nothing to learn in {_some(without)}: such a trial is a sampled one")
    return found


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _some(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are."""
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if names[4:] else "")


def _fixed_gradients(space: Space) -> list[str]:
    """Return a note for each pair of numbers that looks like a range without its kind."""
    return [
        f"{template.label}: {name}: {value} is a fixed gradient over the layers; a range is "
        f"{{float: {value}}}"
        for template in space.templates
        for name, value in _pairs_of_numbers(template).items()
    ]


def _pairs_of_numbers(template: Template) -> dict[str, Any]:
    """Return key → the last fixed gradient of two anchors that stands under it."""
    found = [
        (name, value)
        for setting in settings(template.document)
        for name, value in (
            (setting.name, setting.value),
            *(("value", value) for _, value in filtered(setting.value)),
        )
    ]
    return {
        name: value
        for name, value in found
        if isinstance(value, list) and len(value) == 2 and all(map(is_number, value))
    }


def _broken_bands(template: Template) -> Iterator[str]:
    """Yield a note for each band that a point may leave, as far as the holes tell."""
    drawn = template.parameters()
    for method in map(template.table.__getitem__, template.methods):
        for band in method.traits.bands:
            ends = [
                [v for p in drawn if name in p.name for v in p.domain.ends]
                for name in (band.center, band.width)
            ]
            if all(ends) and not band.may_break(*ends):
                continue
            default = method.parameters[band.width].default
            yield (
                f"{band.method} needs {band.center} ± {band.width} ({default:g} by default) inside "
                "(0, 1); points outside are not merged and cost one trial each: narrow "
                f"{band.center} or give {band.width}"
            )
