"""`recipes: auto` and `methods: [...]`: from a list of models to recipes with holes.

Methods that merge alike and search alike share a recipe, so that the sampler learns one set of
weights for all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from evomerge.methods.fit import Arrangement, arrange, why_not
from evomerge.methods.table import MERGEKIT, Method, MethodTable
from evomerge.methods.traits import Range


@dataclass
class _Group:
    """Methods that share a recipe: how they merge, and the ranges they search."""

    how: Arrangement
    weighted: bool
    methods: list[Method] = field(default_factory=list)
    ranges: dict[str, Range] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Names of the methods."""
        return [method.name for method in self.methods]

    def takes(self, how: Arrangement, weighted: bool, ranges: Mapping[str, Range]) -> bool:
        """Whether a method merges alike, and agrees on every range that both have."""
        alike = (self.how, self.weighted) == (how, weighted)
        shared = self.ranges.keys() & ranges.keys()
        return alike and all(self.ranges[name] == ranges[name] for name in shared)


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
        if why_not(method, len(experts), has_base=base is not None) is not None:
            continue
        ranges = {p: method.search_range(p) for p in method.parameters}
        searched = {p: found for p, found in ranges.items() if found is not None}
        how = arrange(method, has_base=base is not None)
        weighted = how.with_base and "weight" in method.parameters
        group = next((g for g in groups if g.takes(how, weighted, searched)), None)
        if group is None:
            group = _Group(how, weighted)
            groups.append(group)
        group.methods.append(method)
        group.ranges |= searched
    groups.sort(key=lambda group: -len(group.names))
    labels = _labels(groups)
    return [_recipe(group, labels[i], experts, base) for i, group in enumerate(groups)]


def _labels(groups: Sequence[_Group]) -> list[str]:
    labels: list[str] = []
    for group in groups:
        others = "consensus" if group.how.with_base else "average"
        kind = "pair" if group.how.pair else "vectors" if group.weighted else others
        label = kind if len(group.names) > 1 else group.names[0]
        labels.append(label if label not in labels else group.names[0])
    return labels


def _recipe(group: _Group, label: str, experts: list[str], base: str | None) -> dict[str, Any]:
    table = {p.name: p for method in group.methods for p in method.parameters.values()}
    own = {n: r for n, r in group.ranges.items() if table[n].scope != "shared"}
    shared = {n: r for n, r in group.ranges.items() if table[n].scope == "shared"}
    one = len(group.names) == 1
    recipe: dict[str, Any] = {
        "name": label,
        "merge_method": group.names[0] if one else {"choice": group.names},
    }
    if group.how.with_base:
        recipe["base_model"] = base
    parameters = {"parameters": own} if own else {}
    if group.how.pair:
        order = {"ordered": True} if group.how.ordered else {}
        recipe["models"] = {"pair": experts, **order, **parameters}
    else:
        recipe["models"] = [{"model": name, **parameters} for name in experts]
    if shared:
        recipe["parameters"] = shared
    return deepcopy(recipe)
