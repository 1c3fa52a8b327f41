"""Read the models that a recipe merges: as a list, as a pair, or slice by slice."""

from collections.abc import Mapping
from typing import Any

from evomerge.methods.table import Method
from evomerge.methods.types import is_int
from evomerge.space.places import Path
from evomerge.space.problems import Problems, show
from evomerge.space.reading.models import ModelNames
from evomerge.space.reading.recipes.contracts import Group, check_group
from evomerge.space.reading.recipes.holes import read_value
from evomerge.space.reading.recipes.layers import uncounted_in
from evomerge.space.reading.recipes.pairs import read_pair
from evomerge.space.reading.recipes.parameters import read_parameters


class InputsReader:
    """Reads `models:` and `slices:` of one file's recipes.

    Args:
        models: Reads models' names.
        problems: Takes the mistakes.
    """

    def __init__(self, models: ModelNames, problems: Problems) -> None:
        self._models = models
        self._problems = problems

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
            at = (*path, key)
            return {key: read_pair(items, at, self._models, allowed, base, shared, self._problems)}
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

    def _slice(
        self, item: Any, path: Path, allowed: Mapping[str, Method], base: Any, shared: set[str]
    ) -> dict[str, Any]:
        problems = self._problems
        if not problems.known_keys(item, path, ("sources", "base_model", "parameters")):
            return {}
        read: dict[str, Any] = {}
        if "base_model" in item:
            base = read["base_model"] = self._models.read(item["base_model"], (*path, "base_model"))
        if "parameters" in item:
            read["parameters"] = read_parameters(
                item["parameters"],
                (*path, "parameters"),
                allowed,
                problems,
                per_model=False,
                uncounted=uncounted_in(item),
            )
        sources = item.get("sources")
        if not isinstance(sources, list) or not sources:
            problems.add((*path, "sources"), f"sources must be a list, got {show(sources)}")
            return read
        keys = ("model", "layer_range", "parameters")
        inputs = self._inputs(
            sources, (*path, "sources"), allowed, keys, uncounted=uncounted_in(item)
        )
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
        self,
        items: list[Any],
        path: Path,
        allowed: Mapping[str, Method],
        keys: tuple[str, ...],
        *,
        uncounted: str = "",
    ) -> list[dict[str, Any]]:
        read = []
        for index, item in enumerate(items):
            at = (*path, index)
            if not self._problems.known_keys(item, at, keys):
                continue
            if "model" not in item:
                self._problems.add(at, "an input needs a model")
                continue
            entry: dict[str, Any] = {"model": self._models.read(item["model"], (*at, "model"))}
            if "parameters" in item:
                entry["parameters"] = read_parameters(
                    item["parameters"],
                    (*at, "parameters"),
                    allowed,
                    self._problems,
                    per_model=True,
                    uncounted=uncounted,
                )
            read.append(entry)
        return read

    def _layer(self, node: Any, path: Path) -> Any:
        """Read one end of a layer range: a whole number from 0, or a hole of such."""
        wanted = "a layer is a whole number from 0"
        return read_value(node, path, self._problems, lambda v: is_int(v) and v >= 0, wanted)
