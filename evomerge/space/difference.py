"""What changed between two spaces, told so that a person knows whether a run can go on."""

import difflib
from collections.abc import Iterator
from typing import Any

from evomerge.samplers import SAMPLERS
from evomerge.settings import SearchSettings
from evomerge.space.pair import Pair
from evomerge.space.space import Space
from evomerge.space.stack import Stack


def difference(old: Space, new: Space) -> list[str]:
    """Return what makes results of the two spaces incomparable, a line each; empty if nothing.

    Budget, the number of workers and of finalists may change between a run's sessions.

    Args:
        old: The space the run was begun with.
        new: The space it is asked to go on with.
    """
    lines: list[str] = []
    before, after = _meaning(old), _meaning(new)
    for key in before:
        if before[key] != after[key]:
            lines += [f"{key}:"]
            lines += [
                f"  {line}"
                for line in difflib.ndiff(before[key], after[key])
                if line.startswith(("- ", "+ "))
            ]
    return lines


def _meaning(space: Space) -> dict[str, list[str]]:
    evaluate = vars(space.evaluate)
    return {
        "models": [f"{name}: {reference}" for name, reference in space.models.items()],
        "recipes": [line for t in space.templates for line in _lines(t.label, t.document)],
        "evaluate": [f"{key}: {value}" for key, value in evaluate.items() if key != "tasks"]
        + [f"{t.task}: {t.metric}, weight {t.weight:g}" for t in space.evaluate.tasks],
        "objective": [space.objective],
        "workers": [f"device: {'gpu' if space.workers.gpus else 'cpu'}"],
        "search": [f"{k}: {v}" for k, v in _said(space.search) if k != "finalists"],
    }


def _said(search: SearchSettings) -> Iterator[tuple[str, Any]]:
    """Yield what a space says of its search; of gradients only where it descends them."""
    for key, value in vars(search).items():
        if key != "gradient":
            yield key, value
        elif SAMPLERS[search.sampler].gradient:
            yield from vars(value).items()


def _lines(path: str, node: Any) -> list[str]:
    if isinstance(node, dict):
        return [line for key, value in node.items() for line in _lines(f"{path}.{key}", value)]
    if isinstance(node, list):
        return [line for i, value in enumerate(node) for line in _lines(f"{path}[{i}]", value)]
    if isinstance(node, Pair | Stack):
        return _lines(path, {key: value for key, value in vars(node).items() if value})
    if isinstance(node, tuple):
        return [f"{path}: {', '.join(map(str, node))}"]
    return [f"{path}: {node}"]
