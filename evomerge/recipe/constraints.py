"""What a filled-in recipe must hold, and mergekit would not say before the weights are broken."""

from collections.abc import Mapping
from typing import Any

from evomerge.errors import Failure, TrialError
from evomerge.methods.table import MERGEKIT, Method
from evomerge.methods.types import is_number

_TINY = 1e-8
DELLA_EPSILON = 0.15
"""mergekit's default for della's `epsilon`."""


def check_point(document: Mapping[str, Any], methods: Mapping[str, Method] = MERGEKIT) -> None:
    """Refuse a configuration whose sampled values cannot be merged together.

    Args:
        document: A mergekit configuration without holes.
        methods: The table of merge methods.

    Raises:
        TrialError: `INVALID_RECIPE`, with what is wrong.
    """
    for group in _groups(document, document.get("base_model")):
        sources, base = group["inputs"], group["base"]
        names = [source["model"] for source in sources]
        if len(set(names)) < len(names):
            _refuse(f"a model stands twice in one merge: {', '.join(names)}")
        _check_layers(sources)
        _check_counts(methods[document["merge_method"]], names, base, group["added"])
        _check_weights(document, sources, base)
        if document["merge_method"] in ("della", "della_linear"):
            _check_della(document, sources, base)


def _groups(node: Mapping[str, Any], base: str | None) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = []
    if "models" in node:
        groups.append({"inputs": node["models"], "added": True, "base": base})
    groups += [
        {"inputs": s["sources"], "added": False, "base": s.get("base_model", base)}
        for s in node.get("slices", [])
    ]
    for module in node.get("modules", {}).values():
        groups += _groups(module, base)
    return groups


def _check_layers(sources: list[Mapping[str, Any]]) -> None:
    ranges = [source["layer_range"] for source in sources if "layer_range" in source]
    for first, end in ranges:
        if first >= end:
            _refuse(f"layer_range is upside down or empty: [{first}, {end}]")
    if len({end - first for first, end in ranges}) > 1:
        _refuse(f"sources of one slice need equally many layers, got {ranges}")


def _check_counts(method: Method, names: list[str], base: str | None, added: bool) -> None:
    name = method.name
    if method.base == "required" and base not in names and not added:
        _refuse(f"{name} needs its base model {base} among the sources of a slice")
    count = len(names) + (base is not None and added and base not in names)
    others = count - (base is not None and (added or base in names))
    if count < method.min_inputs or (method.max_inputs and count > method.max_inputs):
        _refuse(f"{name} cannot merge {count} models")
    if method.min_non_base is not None and (
        others < method.min_non_base or (method.max_non_base and others > method.max_non_base)
    ):
        _refuse(f"{name} cannot merge {others} models beside the base")


def _check_weights(
    document: Mapping[str, Any], sources: list[Mapping[str, Any]], base: str | None
) -> None:
    """Refuse weights that sum to zero where mergekit divides by their sum."""
    divides = {"linear": "normalize", "nuslerp": "", "multislerp": "normalize_weights"}
    method = document["merge_method"]
    if method not in divides:
        return
    shared = document.get("parameters", {})
    if divides[method] and shared.get(divides[method], True) is False:
        return
    settings = [
        source.get("parameters", {}).get("weight", shared.get("weight"))
        for source in sources
        if method == "linear" or source["model"] != base
    ]
    anchors = [s if isinstance(s, list) else [s] for s in settings]
    width = max(map(len, anchors), default=0)
    if any(len(a) not in (1, width) for a in anchors):
        return  # mergekit interpolates each; no sum can be told from the anchors
    columns = [[a[i] if len(a) > 1 else a[0] for a in anchors] for i in range(width)]
    for column in columns:
        if all(map(is_number, column)) and abs(sum(column)) < _TINY:
            _refuse(f"{method} weights sum to zero: {column}")


def _check_della(
    document: Mapping[str, Any], sources: list[Mapping[str, Any]], base: str | None
) -> None:
    """Hold density ± epsilon inside (0, 1): they are probabilities of keeping a value.

    Source: Deep et al. 2024, DELLA-Merging, arXiv:2406.11617, section 3.1. mergekit merges
    everything at a density of 1.
    """
    shared = document.get("parameters", {})
    for source in sources:
        own = {**shared, **source.get("parameters", {})}
        density, epsilon = own.get("density", 1.0), own.get("epsilon", DELLA_EPSILON)
        if source["model"] == base or not (is_number(density) and is_number(epsilon)):
            continue
        if density < 1 and not 0 < density - epsilon <= density + epsilon < 1:
            _refuse(f"della needs density ± epsilon inside (0, 1), got {density} ± {epsilon}")


def _refuse(what: str) -> None:
    raise TrialError(Failure.INVALID_RECIPE, what)
