"""Read `{pair: [...]}`: two of several models, which two is searched."""

from collections.abc import Mapping
from typing import Any

from evomerge.methods.table import Method
from evomerge.space.pair import Pair
from evomerge.space.places import Path
from evomerge.space.problems import Problems, show
from evomerge.space.reading.models import ModelNames
from evomerge.space.reading.recipes.contracts import Group, check_group
from evomerge.space.reading.recipes.parameters import read_parameters


def read_pair(
    node: Mapping[str, Any],
    path: Path,
    models: ModelNames,
    allowed: Mapping[str, Method],
    base: Any,
    shared: set[str],
    problems: Problems,
) -> Pair | list[Any]:
    """Read `{pair: [...]}`, noting its mistakes; an empty list if it is wrong.

    Args:
        node: The mapping in the file.
        path: Where it stands.
        models: Reads models' names.
        allowed: The merge methods that the recipe can take, by name.
        base: The base model's name, a hole, or None.
        shared: Names of the parameters given for all models.
        problems: Takes the mistakes.
    """
    problems.known_keys(node, path, ("pair", "ordered", "parameters"))
    names, ordered = node["pair"], node.get("ordered", False)
    if not isinstance(names, list) or len(names) < 2 or len(set(map(str, names))) < len(names):
        problems.add(
            (*path, "pair"), f"pair must be a list of two models or more, got {show(names)}"
        )
        return []
    if not isinstance(ordered, bool):
        problems.add((*path, "ordered"), f"ordered must be true or false, got {show(ordered)}")
    read = [models.read(name, (*path, "pair", i)) for i, name in enumerate(names)]
    for name, method in allowed.items():
        if not method.merges_two:
            problems.add(path, f"{name} does not take a pair: it merges any number")
            return []
    parameters: dict[str, Any] = {}
    if "parameters" in node:
        parameters = read_parameters(
            node["parameters"], (*path, "parameters"), allowed, problems, per_model=True
        )
    for name, method in allowed.items():
        own = base or (names[0] if method.base_is_one_of_two else None)
        two = [{"model": model, "parameters": parameters} for model in names[:2]]
        group = Group(two, path, own, shared, base_is_added=True)
        check_group(group, {name: method}, problems)
    if any(name not in read for name in names):
        return []
    return Pair(tuple(names), ordered is True, parameters)
