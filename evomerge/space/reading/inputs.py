"""Read the models that a recipe merges: by name, as a list, or slice by slice."""

from collections.abc import Mapping
from pathlib import Path as File
from typing import Any

from evomerge.errors import did_you_mean
from evomerge.methods.table import Method
from evomerge.methods.types import is_int
from evomerge.recipe.reference import Reference
from evomerge.space.domains import Hole, is_hole, read_hole
from evomerge.space.pair import Pair
from evomerge.space.reading.contracts import Group, check_group
from evomerge.space.reading.parameters import read_parameters
from evomerge.space.reading.problems import Problems, show
from evomerge.space.reading.yaml import Path


class InputsReader:
    """Reads model names, `models:` and `slices:` of one file's recipes.

    Args:
        models: Short names that recipes may use; None lets references stand for themselves.
        problems: Takes the mistakes.
        folder: Where relative references start.
    """

    def __init__(self, models: Mapping[str, str] | None, problems: Problems, folder: File) -> None:
        self._models = models
        self._problems = problems
        self._folder = folder

    def choice(
        self, node: Any, path: Path, allowed: tuple[str, ...], what: str = ""
    ) -> str | Hole | None:
        """Read one of some known names, or a choice among them."""
        what = what or str(path[-1])
        hole: Hole | None = None
        if is_hole(node):
            hole = read_hole(node, path, self._problems, in_parameters=False)
            if hole is None:
                return None
            if hole.kind != "choice":
                self._problems.add(path, f"{what} takes a choice, not a range")
                return None
        for name in hole.choices if hole else (node,):
            if name not in allowed:
                self._problems.add(
                    path, f"unknown {what} {name!r}", help=did_you_mean(str(name), allowed)
                )
                return None
        return hole or node

    def model(self, node: Any, path: Path) -> str | Hole | None:
        """Read a model's short name, or a choice among short names."""
        if self._models is not None:
            return self.choice(node, path, tuple(self._models), what="model")
        if isinstance(node, str) and node:
            return str(Reference.parse(node).absolute(self._folder))
        self._problems.add(path, f"a model must be a folder or hub id, got {show(node)}")
        return None

    def group(
        self,
        node: Mapping[str, Any],
        path: Path,
        key: str,
        allowed: Mapping[str, Method],
        base: Any,
        shared: set[str],
    ) -> dict[str, Any]:
        """Read `models:` or `slices:` and check every group of inputs that they form."""
        items = node.get(key)
        if key == "models" and isinstance(items, Mapping) and "pair" in items:
            return {key: self._pair(items, (*path, key), allowed, base, shared)}
        if not isinstance(items, list) or not items:
            self._problems.add((*path, key), f"{key} must be a list, got {show(items)}")
            return {key: []}
        if key == "models":
            inputs = self._inputs(items, (*path, key), allowed, ("model", "parameters"))
            check_group(
                Group(inputs, (*path, key), base, shared, base_is_added=True),
                allowed,
                self._problems,
            )
            return {key: inputs}
        slices = [
            self._slice(item, (*path, key, i), allowed, base, shared)
            for i, item in enumerate(items)
        ]
        counts = [len(item.get("sources", [])) for item in slices]
        if counts and counts[0] < counts[-1]:
            self._problems.add(
                (*path, key, len(counts) - 1),
                f"the last slice has {counts[-1]} sources but the first {counts[0]}: "
                "mergekit would drop models from the final norm and head",
                help="give the first slice as many sources",
            )
        return {key: slices}

    def _pair(
        self,
        node: Mapping[str, Any],
        path: Path,
        allowed: Mapping[str, Method],
        base: Any,
        shared: set[str],
    ) -> Pair | list[Any]:
        """Read `{pair: [...]}`: two of these models, which two is searched."""
        self._problems.known_keys(node, path, ("pair", "ordered", "parameters"))
        names, ordered = node["pair"], node.get("ordered", False)
        if not isinstance(names, list) or len(names) < 2 or len(set(map(str, names))) < len(names):
            self._problems.add(
                (*path, "pair"), f"pair must be a list of two models or more, got {show(names)}"
            )
            return []
        if not isinstance(ordered, bool):
            self._problems.add(
                (*path, "ordered"), f"ordered must be true or false, got {show(ordered)}"
            )
        read = [self.model(name, (*path, "pair", i)) for i, name in enumerate(names)]
        for name, method in allowed.items():
            if not method.merges_two:
                self._problems.add(path, f"{name} does not take a pair: it merges any number")
                return []
        parameters: dict[str, Any] = {}
        if "parameters" in node:
            parameters = read_parameters(
                node["parameters"], (*path, "parameters"), allowed, self._problems, per_model=True
            )
        for name, method in allowed.items():
            own = base or (names[0] if method.base_is_one_of_two else None)
            two = [{"model": model, "parameters": parameters} for model in names[:2]]
            group = Group(two, path, own, shared, base_is_added=True)
            check_group(group, {name: method}, self._problems)
        if any(name not in read for name in names):
            return []
        return Pair(tuple(names), ordered is True, parameters)

    def _slice(
        self, item: Any, path: Path, allowed: Mapping[str, Method], base: Any, shared: set[str]
    ) -> dict[str, Any]:
        problems = self._problems
        if not problems.known_keys(item, path, ("sources", "base_model", "parameters")):
            return {}
        read: dict[str, Any] = {}
        if "base_model" in item:
            base = read["base_model"] = self.model(item["base_model"], (*path, "base_model"))
        if "parameters" in item:
            read["parameters"] = read_parameters(
                item["parameters"], (*path, "parameters"), allowed, problems, per_model=False
            )
        sources = item.get("sources")
        if not isinstance(sources, list) or not sources:
            problems.add((*path, "sources"), f"sources must be a list, got {show(sources)}")
            return read
        keys = ("model", "layer_range", "parameters")
        inputs = self._inputs(sources, (*path, "sources"), allowed, keys)
        lengths = set()
        for index, source in enumerate(inputs):
            layers = self._layer_range(sources[index], (*path, "sources", index))
            source["layer_range"] = layers
            if all(map(is_int, layers)):
                lengths.add(layers[1] - layers[0])
        if len(lengths) > 1:
            problems.add(
                (*path, "sources"),
                f"sources of one slice need equally many layers, got {sorted(lengths)}",
            )
        known = shared | set(read.get("parameters", {}))
        check_group(
            Group(inputs, (*path, "sources"), base, known, base_is_added=False), allowed, problems
        )
        return read | {"sources": inputs}

    def _layer_range(self, source: Any, path: Path) -> list[Any]:
        ends = source.get("layer_range") if isinstance(source, Mapping) else None
        at = (*path, "layer_range")
        if not isinstance(ends, list) or len(ends) != 2:
            self._problems.add(at, f"layer_range must be [first, end], got {show(ends)}")
            return [0, 1]
        read = [self._layer(end, (*at, index)) for index, end in enumerate(ends)]
        if None in read:
            return [0, 1]
        if is_int(read[0]) and is_int(read[1]) and read[0] >= read[1]:
            self._problems.add(at, f"layer_range is upside down or empty, got {read}")
        return read

    def _inputs(
        self, items: list[Any], path: Path, allowed: Mapping[str, Method], keys: tuple[str, ...]
    ) -> list[dict[str, Any]]:
        read = []
        for index, item in enumerate(items):
            at = (*path, index)
            if not self._problems.known_keys(item, at, keys):
                continue
            if "model" not in item:
                self._problems.add(at, "an input needs a model")
                continue
            entry: dict[str, Any] = {"model": self.model(item["model"], (*at, "model"))}
            if "parameters" in item:
                entry["parameters"] = read_parameters(
                    item["parameters"],
                    (*at, "parameters"),
                    allowed,
                    self._problems,
                    per_model=True,
                )
            read.append(entry)
        return read

    def _layer(self, node: Any, path: Path) -> Any:
        """Read one end of a layer range: a whole number from 0, or a hole of such."""
        wrong = f"a layer is a whole number from 0, got {show(node)}"
        if not is_hole(node):
            if is_int(node) and node >= 0:
                return node
            self._problems.add(path, wrong)
            return None
        hole = read_hole(node, path, self._problems, in_parameters=False)
        if hole is None:
            return None
        ends = hole.choices if hole.kind == "choice" else (hole.low, hole.high)
        if all(is_int(end) and end >= 0 for end in ends) and hole.kind != "float":
            return hole
        self._problems.add(path, wrong)
        return None
