"""Hold the models that are merged together against each merge method's contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evomerge.methods.table import Method
from evomerge.space.domains import Hole
from evomerge.space.reading.problems import Problems
from evomerge.space.reading.yaml import Path


@dataclass(frozen=True)
class Group:
    """Models that are merged with each other: `models:`, or the sources of one slice.

    Args:
        inputs: Each model's entry: `model` and perhaps `parameters`.
        path: Where the list stands.
        base: The base model's name, a hole, or None.
        shared: Names of the parameters given for all models.
        base_is_added: Whether mergekit adds a base that is not listed, as for `models:`.
    """

    inputs: list[dict[str, Any]]
    path: Path
    base: str | Hole | None
    shared: set[str]
    base_is_added: bool

    @property
    def names(self) -> list[Any]:
        """The models, as names or holes."""
        return [entry["model"] for entry in self.inputs]

    @property
    def lists_base(self) -> bool:
        """Whether the base is among the models, as far as the file fixes it."""
        return isinstance(self.base, str) and self.base in self.names

    @property
    def is_fixed(self) -> bool:
        """Whether no hole stands for a model."""
        return not any(isinstance(name, Hole) for name in [*self.names, self.base])


def check_group(group: Group, allowed: Mapping[str, Method], problems: Problems) -> None:
    """Note what mergekit would refuse, or take and merge wrongly.

    Args:
        group: The models.
        allowed: The merge methods that the recipe can take, by name.
        problems: Takes the mistakes.
    """
    names = group.names
    if any(name is None for name in names):
        return
    for index, name in enumerate(names):
        if isinstance(name, str) and name in names[:index]:
            problems.add((*group.path, index), f"model {name!r} stands twice in one merge")
            return
    found = _Found()
    for method in allowed.values():
        if _has_base(group, method, found):
            _check_counts(group, method, found)
            _check_required(group, method, found)
    found.tell(problems)


class _Found:
    """The mistakes of one group, each told once for all methods that it concerns."""

    def __init__(self) -> None:
        self._methods: dict[tuple[Path, str, str], list[str]] = {}

    def add(self, path: Path, method: Method, what: str, *, help: str = "") -> None:
        self._methods.setdefault((path, what, help), []).append(method.name)

    def tell(self, problems: Problems) -> None:
        for (path, what, help), names in self._methods.items():
            if len(names) > 1:
                verb, _, rest = what.partition(" ")
                what = f"{verb.removesuffix('s')} {rest}"
            problems.add(path, f"{', '.join(names)} {what}", help=help)


def _has_base(group: Group, method: Method, found: _Found) -> bool:
    if method.base != "required":
        return True
    if group.base is None:
        found.add(group.path[:-1], method, "needs a base_model")
        return False
    if not group.base_is_added and group.is_fixed and not group.lists_base:
        found.add(
            group.path,
            method,
            f"needs the base model {group.base!r} among the sources of a slice",
        )
        return False
    return True


def _check_counts(group: Group, method: Method, found: _Found) -> None:
    added = group.base is not None and group.base_is_added and not group.lists_base
    if added and isinstance(group.base, Hole) and set(group.base.choices) & set(group.names):
        return  # the count depends on the base that is drawn
    count = len(group.names) + added
    others = count - (added or group.lists_base)
    _count("models", count, method.min_inputs, method.max_inputs, group, method, found)
    if method.min_non_base is not None:
        _count(
            "models beside the base",
            others,
            method.min_non_base,
            method.max_non_base,
            group,
            method,
            found,
        )


def _count(
    what: str,
    got: int,
    low: int,
    high: int | None,
    group: Group,
    method: Method,
    found: _Found,
) -> None:
    if got >= low and (high is None or got <= high):
        return
    wanted = f"exactly {low}" if high == low else f"at least {low}"
    if high is not None and high != low:
        wanted = f"{low} to {high}"
    found.add(group.path, method, f"takes {wanted} {what}, got {got}")


def _check_required(group: Group, method: Method, found: _Found) -> None:
    for parameter in method.parameters.values():
        if not parameter.required or parameter.name in group.shared:
            continue
        if parameter.scope == "shared":
            found.add(group.path[:-1], method, f"needs parameters: {parameter.name}")
            continue
        for index, entry in enumerate(group.inputs):
            is_base = entry["model"] == group.base and parameter.scope == "non_base"
            if parameter.name not in entry.get("parameters", {}) and not is_base:
                found.add(
                    (*group.path, index),
                    method,
                    f"needs a {parameter.name} for {entry['model']!r}",
                )
        added = group.base is not None and group.base_is_added and not group.lists_base
        if added and parameter.scope == "input":
            found.add(
                group.path[:-1],
                method,
                f"takes the base model as one more input, without {parameter.name}",
                help=f"remove base_model, or list {group.base!r} under models",
            )
