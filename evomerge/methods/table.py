"""The table of merge methods: inputs, base and parameters of each, as mergekit declares them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from evomerge.errors import InputError
from evomerge.methods.traits import WITHOUT_EFFECT, Range, Traits, search_range, traits


@dataclass(frozen=True)
class MethodParameter:
    """One parameter of a merge method.

    Args:
        name: As mergekit's YAML writes it.
        type: `float`, `int`, `bool` or `str`.
        scope: `shared` (one for the merge), `input` (one a model) or `non_base` (one a
            model that is not the base).
        required: Whether mergekit has no default for it.
        default: mergekit's default, or None.
    """

    name: str
    type: str
    scope: str
    required: bool
    default: Any


@dataclass(frozen=True)
class Method:
    """A merge method's contract.

    Args:
        name: Name in mergekit's registry.
        pretty_name: Name for people.
        reference: Address of the paper or source, or None.
        base: `required`, `optional`, `ignored` or `forbidden`.
        min_inputs: Fewest models, the base counted.
        max_inputs: Most models, the base counted, or None.
        min_non_base: Fewest models beside the base, or None.
        max_non_base: Most models beside the base, or None.
        parameters: Its parameters, by name.
        plugin: Absolute path of the plug-in that registers it; empty for mergekit's own.
    """

    name: str
    pretty_name: str
    reference: str | None
    base: str
    min_inputs: int
    max_inputs: int | None
    min_non_base: int | None
    max_non_base: int | None
    parameters: Mapping[str, MethodParameter]
    plugin: str = ""

    @property
    def traits(self) -> Traits:
        """What is known of it beside the contract."""
        return traits(self.name)

    @property
    def effective(self) -> frozenset[str]:
        """Names of the parameters that have an effect."""
        return frozenset(p for p in self.parameters if (self.name, p) not in WITHOUT_EFFECT)

    def search_range(self, parameter: str) -> Range:
        """Return the hole that `recipes: auto` writes for a parameter, or None to leave it out."""
        own = self.parameters[parameter]
        return search_range(
            self.name, parameter, required_float=own.required and own.type == "float"
        )

    @property
    def copies_one(self) -> bool:
        """Whether it takes a single model, as for passthrough."""
        return self.max_inputs == 1

    @property
    def merges_two(self) -> bool:
        """Whether it takes exactly two models, a base that it only refers to not counted."""
        return 2 in (self.max_inputs, self.max_non_base)

    @property
    def base_is_one_of_two(self) -> bool:
        """Whether its `base_model` is one of the two models that it merges, as for slerp."""
        return self.max_inputs == 2 and self.base == "required"


@dataclass(frozen=True, eq=False, repr=False)
class MethodTable(Mapping[str, Method]):
    """Merge methods by name: mergekit's own, then those of plug-ins. A value: it never changes.

    Args:
        by_name: The methods, in the order in which they are listed.
        plugins: Absolute paths of the plug-ins that register some of them.
    """

    by_name: Mapping[str, Method]
    plugins: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Method:
        """Return a method by its name."""
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self.by_name)

    def __len__(self) -> int:
        """Return the number of methods."""
        return len(self.by_name)

    def __hash__(self) -> int:
        """Return a hash that agrees with `==`, which compares the methods."""
        return hash(frozenset(self.by_name))

    def with_plugin(self, rows: Iterable[Mapping[str, Any]], plugin: str) -> "MethodTable":
        """Return a table that also has a plug-in's merge methods.

        Args:
            rows: As `methods.json` holds them.
            plugin: Absolute path of the plug-in; one that is in the table is read again.

        Raises:
            InputError: A name is taken by mergekit or by another plug-in, or stands twice.
            KeyError: A row lacks something.
            TypeError: A row holds something else.
        """
        added = _methods(rows, plugin)
        for method in added.values():
            known = self.get(method.name)
            if known is not None and known.plugin != plugin:
                owner = known.plugin or "mergekit"
                raise InputError(
                    f"merge method {method.name!r} is registered already, by {owner}",
                    help=f"give the method of {plugin} another name",
                )
        plugins = dict.fromkeys([*self.plugins, plugin])
        return MethodTable({**self.by_name, **added}, tuple(plugins))


def _methods(rows: Iterable[Mapping[str, Any]], plugin: str = "") -> dict[str, Method]:
    found: dict[str, Method] = {}
    for row in rows:
        if row["name"] in found:
            raise InputError(
                f"merge method {row['name']!r} stands twice in one table",
                help="give each method a name of its own",
            )
        parameters = {p["name"]: MethodParameter(**p) for p in row["parameters"]}
        found[row["name"]] = Method(**{**row, "parameters": parameters, "plugin": plugin})
    return found


MERGEKIT = MethodTable(
    _methods(json.loads(files("evomerge.methods").joinpath("methods.json").read_text()))
)
"""mergekit's own merge methods."""
