"""Spaces from a file, from a dictionary, or written in Python."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evomerge.space.reading.load import load_space, read_document
from evomerge.space.reading.plain import plain_values
from evomerge.space.space import Space


class Float(dict[str, Any]):
    """A hole for a number in [low, high].

    Args:
        low: Lower end, included.
        high: Upper end, included.
        more: What a hole of a space file may say beside its range: `log`, `step`, `layers`,
            `modules`, `name`.
    """

    def __init__(self, low: float, high: float, **more: Any) -> None:
        super().__init__(float=[low, high], **more)


class Int(dict[str, Any]):
    """A hole for a whole number in [low, high].

    Args:
        low: Lower end, included.
        high: Upper end, included.
        more: As for `Float`.
    """

    def __init__(self, low: int, high: int, **more: Any) -> None:
        super().__init__(int=[low, high], **more)


class Choice(dict[str, Any]):
    """A hole for one of several values.

    Args:
        values: The alternatives.
        more: `layers`, `modules`, `name`.
    """

    def __init__(self, *values: Any, **more: Any) -> None:
        super().__init__(choice=list(values), **more)


def read_space(
    source: str | os.PathLike[str] | Mapping[str, Any],
    settings: Mapping[str, Any] | None = None,
) -> Space:
    """Read a space.

    Args:
        source: The path of a space file; or what such a file says as a dictionary, in which
            `Float`, `Int` and `Choice` may stand for holes. Relative paths in a dictionary start
            at the current folder.
        settings: Laid over it, such as `{"budget.trials": 20}`; list items by their index.

    Raises:
        InputError: Every mistake at once: at `file:line:column`, or in a dictionary at its key.
    """
    laid = plain_values(settings or {})
    overrides = [f"{key}={json.dumps(laid[key], ensure_ascii=False)}" for key in laid]
    if isinstance(source, Mapping):
        return read_document(source, Path.cwd() / "space.yaml", overrides)
    return load_space(Path(source), overrides)
