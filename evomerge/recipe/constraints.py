"""What a filled-in recipe must hold, and mergekit would not say before the weights are broken."""

from collections.abc import Mapping
from typing import Any

from evomerge.errors import Failure, TrialError
from evomerge.methods.contract import Inputs, breaches
from evomerge.methods.table import MERGEKIT, Method
from evomerge.methods.types import is_number
from evomerge.recipe.mixture import check_mixture, is_mixture
from evomerge.recipe.parts import MergeGroup, merge_groups

_TINY = 1e-8


def check_point(document: Mapping[str, Any], methods: Mapping[str, Method] = MERGEKIT) -> None:
    """Refuse a configuration whose sampled values cannot be merged together.

    Args:
        document: A mergekit configuration without holes.
        methods: The table of merge methods.

    Raises:
        TrialError: `INVALID_RECIPE`, with what is wrong.
    """
    if is_mixture(document):
        return check_mixture(document)
    method = methods[document["merge_method"]]
    for group in merge_groups(document):
        names = [source["model"] for source in group.inputs]
        if len(set(names)) < len(names):
            _refuse(f"a model stands twice in one merge: {', '.join(names)}")
        _check_layers(group.inputs)
        _check_contract(method, names, group)
        _check_weights(method, group)
        _check_bands(method, group)


def _check_layers(sources: list[Mapping[str, Any]]) -> None:
    ranges = [source["layer_range"] for source in sources if "layer_range" in source]
    for first, end in ranges:
        if first >= end:
            _refuse(f"layer_range is upside down or empty: [{first}, {end}]")
    if len({end - first for first, end in ranges}) > 1:
        _refuse(f"sources of one slice need equally many layers, got {ranges}")


def _check_contract(method: Method, names: list[str], group: MergeGroup) -> None:
    base, added = group.base, group.base_is_added
    known = Inputs(len(names), base is not None, base in names, base_is_added=added)
    for breach in breaches(method, known):
        if breach.term == "base":
            _refuse(f"{method.name} needs a base model")
        if breach.term == "listed base":
            _refuse(f"{method.name} needs its base model {base} among the sources of a slice")
        beside = breach.term.removeprefix("models")
        _refuse(f"{method.name} cannot merge {breach.got} models{beside}")


def _check_weights(method: Method, group: MergeGroup) -> None:
    """Refuse weights that sum to zero where mergekit divides by their sum."""
    division = method.traits.division
    if division is None or division.zero_sum != "refused":
        return
    if division.unless is not None and group.shared(division.unless, True) is False:
        return
    weights = method.parameters[division.weights]
    settings = [
        group.own(source, weights.name)
        for source in group.inputs
        if weights.scope == "input" or source["model"] != group.base
    ]
    anchors = [s if isinstance(s, list) else [s] for s in settings]
    width = max(map(len, anchors), default=0)
    if any(len(a) not in (1, width) for a in anchors):
        return  # mergekit interpolates each; no sum can be told from the anchors
    columns = [[a[i] if len(a) > 1 else a[0] for a in anchors] for i in range(width)]
    for column in columns:
        if all(map(is_number, column)) and abs(sum(column)) < _TINY:
            _refuse(f"{method.name} {weights.name}s sum to zero: {column}")


def _check_bands(method: Method, group: MergeGroup) -> None:
    """Refuse values of one model that bound each other, such as density ± epsilon."""
    for band in method.traits.bands:
        for source in group.inputs:
            center, width = (
                group.own(source, name, method.parameters[name].default)
                for name in (band.center, band.width)
            )
            if source["model"] == group.base or not (is_number(center) and is_number(width)):
                continue
            if not band.holds(center, width):
                _refuse(
                    f"{band.method} needs {band.center} ± {band.width} inside (0, 1), "
                    f"got {center} ± {width}"
                )


def _refuse(what: str) -> None:
    raise TrialError(Failure.INVALID_RECIPE, what)
