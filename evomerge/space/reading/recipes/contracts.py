"""Hold the models that are merged together against each merge method's contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evomerge.methods.contract import Breach, Inputs, breaches, missing
from evomerge.methods.table import Method
from evomerge.space.hole import Hole, ends
from evomerge.space.places import Path
from evomerge.space.problems import Problems


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

    @property
    def known(self) -> Inputs:
        """What the file fixes of the models."""
        listed: bool | None = self.lists_base
        if not listed and not self.base_is_added and not self.is_fixed:
            listed = None
        if self.base_is_added and isinstance(self.base, Hole):
            listed = None if set(ends(self.base)) & set(self.names) else False
        return Inputs(len(self.names), self.base is not None, listed, self.base_is_added)


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
        terms = breaches(method, group.known)
        for breach in terms:
            _tell_breach(breach, group, method, found)
        if not any(breach.lacks_base for breach in terms):
            _tell_missing(group, method, found)
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


def _tell_breach(breach: Breach, group: Group, method: Method, found: _Found) -> None:
    if breach.term == "base":
        found.add(group.path[:-1], method, "needs a base_model")
    elif breach.term == "listed base":
        what = f"needs the base model {group.base!r} among the sources of a slice"
        found.add(group.path, method, what)
    else:
        what = f"takes {breach.wanted} {breach.term}, got {breach.got}"
        found.add(group.path, method, what)


def _tell_missing(group: Group, method: Method, found: _Found) -> None:
    names = group.names
    own = [entry.get("parameters", {}) for entry in group.inputs]
    base = names.index(group.base) if group.base in names else None
    adds = group.base is not None and group.base_is_added and not group.lists_base
    for one in missing(method, group.shared, own, base, adds_base=adds):
        if one.place == "merge":
            found.add(group.path[:-1], method, f"needs parameters: {one.parameter}")
        elif one.place == "base":
            found.add(
                group.path[:-1],
                method,
                f"takes the base model as one more input, without {one.parameter}",
                help=f"remove base_model, or list {_shown(group.base)} under models",
            )
        else:
            what = f"needs a {one.parameter} for {_shown(names[one.place])}"
            found.add((*group.path, one.place), method, what)


def _shown(model: Any) -> str:
    """Return a model's name, or the names among which one is drawn, as messages quote them."""
    return " or ".join(map(repr, ends(model)))
