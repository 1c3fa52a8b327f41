"""`recipes: auto` and `methods: [...]`: from a list of models to recipes with holes.

Methods that merge alike and search alike share a recipe, so that the sampler learns one set of
weights for all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from evomerge.methods.ranges import Range, default_range
from evomerge.methods.table import MERGEKIT, Method, MethodTable


@dataclass
class _Group:
    """Methods that share a recipe: how they merge, and the ranges they search."""

    shape: tuple[bool, ...]
    methods: list[Method] = field(default_factory=list)
    ranges: dict[str, Range] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Names of the methods."""
        return [method.name for method in self.methods]

    def takes(self, shape: tuple[bool, ...], ranges: Mapping[str, Range]) -> bool:
        """Whether a method merges alike, and agrees on every range that both have."""
        shared = self.ranges.keys() & ranges.keys()
        return self.shape == shape and all(self.ranges[name] == ranges[name] for name in shared)


def auto_recipes(
    models: Sequence[str],
    base: str | None,
    allowed: Iterable[str] | None = None,
    methods: MethodTable = MERGEKIT,
) -> list[dict[str, Any]]:
    """Return recipes as a space file writes them, for every method that fits the models.

    Args:
        models: Short names of the models, the base among them or not.
        base: Short name of the base model, or None where there is none.
        allowed: Names of the merge methods to choose from; by default all that merge several
            models.
        methods: The table of merge methods.
    """
    experts = [name for name in models if name != base]
    groups: list[_Group] = []
    for name in sorted(allowed if allowed is not None else methods):
        method = methods[name]
        if why_not(method, len(experts), base) is not None:
            continue
        ranges = {p: default_range(method, p) for p in method.parameters}
        searched = {p: found for p, found in ranges.items() if found is not None}
        shape = _shape(method, base)
        group = next((g for g in groups if g.takes(shape, searched)), None)
        if group is None:
            group = _Group(shape)
            groups.append(group)
        group.methods.append(method)
        group.ranges |= searched
    groups.sort(key=lambda group: -len(group.names))
    labels = _labels(groups)
    return [_recipe(group, labels[i], experts, base) for i, group in enumerate(groups)]


def why_not(method: Method, experts: int, base: str | None) -> str | None:
    """Return why a method cannot merge this many models with or without a base, or None."""
    if method.max_inputs == 1:
        return "it copies one model"
    if method.base_is_one_of_two or method.base != "required":
        return None if experts >= 2 else f"it merges two models or more, there is {experts}"
    if base is None:
        return "it needs a base model"
    least = max(method.min_inputs - 1, method.min_non_base or 1)
    return None if experts >= least else f"it needs {least} models beside the base"


def _shape(method: Method, base: str | None) -> tuple[bool, ...]:
    """Return what must agree within a recipe: pair or all, order, use of base, weights."""
    pair = method.merges_two
    own = method.base_is_one_of_two
    ordered = own and method.name != "slerp"
    with_base = base is not None and not own and (method.base == "required" or pair)
    return pair, ordered, with_base, with_base and "weight" in method.parameters


def _labels(groups: Sequence[_Group]) -> list[str]:
    labels: list[str] = []
    for group in groups:
        pair, _, with_base, weighted = group.shape
        kind = "vectors" if weighted else "consensus" if with_base else "average"
        kind = "pair" if pair else kind
        label = kind if len(group.names) > 1 else group.names[0]
        labels.append(label if label not in labels else group.names[0])
    return labels


def _recipe(group: _Group, label: str, experts: list[str], base: str | None) -> dict[str, Any]:
    pair, ordered, with_base, _ = group.shape
    table = {p.name: p for method in group.methods for p in method.parameters.values()}
    own = {n: r for n, r in group.ranges.items() if table[n].scope != "shared"}
    shared = {n: r for n, r in group.ranges.items() if table[n].scope == "shared"}
    one = len(group.names) == 1
    recipe: dict[str, Any] = {
        "name": label,
        "merge_method": group.names[0] if one else {"choice": group.names},
    }
    if with_base:
        recipe["base_model"] = base
    parameters = {"parameters": own} if own else {}
    if pair:
        order = {"ordered": True} if ordered else {}
        recipe["models"] = {"pair": experts, **order, **parameters}
    else:
        recipe["models"] = [{"model": name, **parameters} for name in experts]
    if shared:
        recipe["parameters"] = shared
    return deepcopy(recipe)
