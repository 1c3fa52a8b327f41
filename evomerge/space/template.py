"""A recipe with holes: which parameters it has, and how values fill it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from evomerge.methods.table import MERGEKIT, Method
from evomerge.recipe.document import LEFT_OUT, Role, Visit, rebuild, walk
from evomerge.recipe.values import rebuild_value
from evomerge.space.domains import Parameter
from evomerge.space.hole import Draw, Hole, ends
from evomerge.space.pair import Pair
from evomerge.space.stack import Stack


@dataclass(frozen=True)
class Template:
    """One alternative of a space.

    Args:
        label: Unique short name; parameter names start with it.
        document: A mergekit configuration whose values may be a `Hole`, whose inputs a `Pair`,
            whose slices a `Stack`. Models by short name.
        table: Every merge method that the space knows.
    """

    label: str
    document: Mapping[str, Any]
    table: Mapping[str, Method] = MERGEKIT

    @property
    def methods(self) -> tuple[str, ...]:
        """The merge methods it can take; none for a mixture of experts."""
        method = self.document.get("merge_method")
        return () if method is None else ends(method)

    @property
    def dtypes(self) -> tuple[str, ...]:
        """What its merges can be written in; none where that of the parents is kept."""
        dtype = self.document.get("out_dtype") or self.document.get("dtype")
        return () if dtype is None else ends(dtype)

    def models(self, *roles: Role) -> tuple[str, ...]:
        """Return every model that it can name in these roles, each once, in its order."""
        found = [name for v in walk(self.document) if v.role in roles for name in ends(v.value)]
        return tuple(dict.fromkeys(name for name in found if isinstance(name, str)))

    def fixed(self, key: str) -> Any:
        """Return what it says of one key in every recipe, or None."""
        value = self.document.get(key)
        is_fixed = not any(isinstance(visit.value, Hole) for visit in walk({key: value}))
        return value if is_fixed else None

    def with_each_method(self) -> tuple["Template", ...]:
        """Return a template for each merge method, which is then fixed."""
        return tuple(
            replace(self, document={**self.document, "merge_method": method})
            for method in self.methods
        ) or (self,)

    def fill(self, draw: Draw) -> dict[str, Any]:
        """Return the configuration with every hole filled.

        A parameter that the drawn merge method does not have is left out and not drawn.

        Args:
            draw: Gives the value of one parameter; called in a fixed order, method first.
        """
        method = ""

        def change(visit: Visit) -> Any:
            nonlocal method
            value = visit.value
            if visit.role is Role.NODE:
                return _method_first(value)
            if visit.role is Role.PARAMETERS:
                return self._settings(visit, method, draw) or LEFT_OUT
            if isinstance(value, Pair | Stack):
                return value.write(self.label, draw, fill_input)
            filled = self._filled(value, visit.name, draw)
            method = filled if visit.role is Role.METHOD else method
            return filled

        def fill_input(entry: Mapping[str, Any], tag: str) -> dict[str, Any]:
            return rebuild(entry, change, kind="input", tag=tag)

        document = rebuild(self.document, change)
        if isinstance(self.document.get("models"), Pair) and self.table[method].base_is_one_of_two:
            document["base_model"] = document["models"][0]["model"]
        return document

    def check(self, document: Mapping[str, Any]) -> None:
        """Refuse a filled configuration that the recipe does not want.

        Raises:
            TrialError: `INVALID_RECIPE`: a stack of the wrong depth.
        """
        if isinstance(stack := self.document.get("slices"), Stack):
            stack.check(document["slices"])

    def draws(self, *, fewest: bool = False) -> list[Parameter]:
        """Return every draw that can happen, in order; holes that share a name draw as often.

        Args:
            fewest: Of a stack only the blocks that it always has.
        """
        found: list[Parameter] = []
        for method in self.methods or ("",):

            def draw(parameter: Parameter, method: str = method) -> Any:
                found.append(parameter)
                if parameter.name == f"{self.label}.merge_method":
                    return method
                return self.end(parameter, fewest=fewest)

            self.fill(draw)
        return found

    def end(self, parameter: Parameter, *, fewest: bool = False) -> Any:
        """Return an end of what a parameter ranges over, with which most others are drawn.

        Args:
            parameter: One of this recipe's.
            fewest: Of a stack's blocks the fewest, not the most.
        """
        values = parameter.domain.ends
        if parameter.name == f"{self.label}.blocks":
            return min(values) if fewest else max(values)
        return values[0]

    def parameters(self) -> list[Parameter]:
        """Return every parameter that can occur, each once, in the order of the draws."""
        found: dict[str, Parameter] = {}
        for parameter in self.draws():
            found.setdefault(parameter.name, parameter)
        return list(found.values())

    def _settings(self, visit: Visit, method: str, draw: Draw) -> dict[str, Any]:
        """Fill the parameters that a merge method has: holes, also in gradients and filters."""
        known = self.table[method].effective
        return {
            name: rebuild_value(
                value,
                visit.named(name),
                lambda leaf, leaf_name: self._filled(leaf, leaf_name, draw),
            )
            for name, value in visit.value.items()
            if name in known
        }

    def _filled(self, value: Any, name: str, draw: Draw) -> Any:
        return value.fill(f"{self.label}.{name}", draw) if isinstance(value, Hole) else value


def _method_first(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"merge_method": node["merge_method"], **node} if "merge_method" in node else node
