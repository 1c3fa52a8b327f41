"""A recipe with holes: which parameters it has, and how values fill it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from evomerge.methods.table import MERGEKIT, Method
from evomerge.space.domains import Hole, Parameter
from evomerge.space.pair import Pair
from evomerge.space.stack import Stack

Draw = Callable[[Parameter], Any]


@dataclass(frozen=True)
class Template:
    """One alternative of a space.

    Args:
        label: Unique short name; parameter names start with it.
        document: A mergekit configuration whose values may be `Hole`s. Models by short name.
        table: Every merge method that the space knows.
    """

    label: str
    document: Mapping[str, Any]
    table: Mapping[str, Method] = MERGEKIT

    @property
    def methods(self) -> tuple[str, ...]:
        """The merge methods it can take; none for a mixture of experts."""
        method = self.document.get("merge_method")
        if method is None:
            return ()
        return method.choices if isinstance(method, Hole) else (method,)

    def fill(self, draw: Draw) -> dict[str, Any]:
        """Return the configuration with every hole filled.

        A parameter that the drawn merge method does not have is left out and not drawn.

        Args:
            draw: Gives the value of one parameter; called in a fixed order, method first.
        """
        document: dict[str, Any] = {}
        method = ""
        if "merge_method" in self.document:
            method = self._value(self.document["merge_method"], "merge_method", draw)
            document["merge_method"] = method
        for key, node in self.document.items():
            if key != "merge_method":
                document[key] = self._node(key, node, "", method, draw)
        if not document.get("parameters", True):
            del document["parameters"]
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
                values = parameter.choices or (parameter.low, parameter.high)
                if parameter.name == f"{self.label}.blocks":
                    return min(values) if fewest else max(values)
                return values[0]

            self.fill(draw)
        return found

    def parameters(self) -> list[Parameter]:
        """Return every parameter that can occur, each once, in the order of the draws."""
        found: dict[str, Parameter] = {}
        for parameter in self.draws():
            found.setdefault(parameter.name, parameter)
        return list(found.values())

    def _value(self, node: Any, name: str, draw: Draw) -> Any:
        return node.fill(f"{self.label}.{name}", draw) if isinstance(node, Hole) else node

    def _node(self, key: str, node: Any, tag: str, method: str, draw: Draw) -> Any:
        if key == "parameters":
            known = self.table[method].effective
            return {
                name: self._setting(value, name + (f"[{tag}]" if tag else ""), draw)
                for name, value in node.items()
                if name in known
            }
        if key == "modules":
            return {
                name: self._node(name, module, f"{tag}.{name}" if tag else name, method, draw)
                for name, module in node.items()
            }
        if isinstance(node, Pair):
            first, second = node.models(draw(node.parameter(self.label)))
            return [
                {
                    "model": model,
                    **self._node("", {"parameters": node.parameters}, at, method, draw),
                }
                for model, at in ((first, "first"), (second, "second"))
            ]
        if isinstance(node, Stack):
            return self._stack(node, method, draw)
        if isinstance(node, list):
            return [
                self._node(key, item, _join(tag, key, index, item), method, draw)
                for index, item in enumerate(node)
            ]
        if isinstance(node, Mapping):
            filled = {
                inner: self._node(inner, value, tag, method, draw) for inner, value in node.items()
            }
            return {k: v for k, v in filled.items() if k != "parameters" or v}
        return self._value(node, key + (f"[{tag}]" if tag else ""), draw)

    def _stack(self, stack: Stack, method: str, draw: Draw) -> list[dict[str, Any]]:
        slices = []
        for index, model, first, end in stack.ranges(self.label, draw):
            source = {"model": model, "layer_range": [first, end], "parameters": stack.parameters}
            slices.append({"sources": [self._node("", source, f"block{index}", method, draw)]})
        return slices

    def _setting(self, value: Any, name: str, draw: Draw) -> Any:
        """Fill a parameter's value: a hole, or a gradient or filters with holes in them."""
        if isinstance(value, list):
            return [
                self._setting(item, name + _part(item, index), draw)
                for index, item in enumerate(value)
            ]
        if isinstance(value, Mapping):
            return {**value, "value": self._setting(value["value"], name, draw)}
        return self._value(value, name, draw)


def _part(item: Any, index: int) -> str:
    """Return what tells one item of a parameter's list from the others: filter or anchor."""
    return f"[{item.get('filter', 'rest')}]" if isinstance(item, Mapping) else f"[{index}]"


def _join(tag: str, key: str, index: int, item: Any) -> str:
    """Return the readable tag of a list's item: the model's name, the slice's number."""
    if key == "slices":
        part = f"slice{index}"
    elif isinstance(item, Mapping) and isinstance(item.get("model"), str):
        part = item["model"]
    else:
        part = str(index)
    return f"{tag}.{part}" if tag else part
