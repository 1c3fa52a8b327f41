"""Spaces from a file, from a dictionary, or written in Python."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from evomerge.space.reading.load import load_space, read_document
from evomerge.space.reading.plain import plain_values
from evomerge.space.space import Space

Each = Literal["each"]


class Float(dict[str, Any]):
    """A hole for a number in [low, high].

    Args:
        low: Lower end, included.
        high: Upper end, included.
        log: Whether it is searched on a logarithmic scale.
        step: Distance of the values that it may take; None for all.
        layers: Anchors of a gradient over the layers, ≥ 2; `each` for one a layer; None for one
            value.
        modules: Parts of tensor names that get a value of their own; `each` for all.
        tensors: `each` for a value for every tensor.
        name: Shared by holes that take the same value.
    """

    def __init__(
        self,
        low: float,
        high: float,
        *,
        log: bool | None = None,
        step: float | None = None,
        layers: int | Each | None = None,
        modules: Sequence[str] | Each | None = None,
        tensors: Each | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            _said(
                float=[low, high],
                log=log,
                step=step,
                layers=layers,
                modules=modules,
                tensors=tensors,
                name=name,
            )
        )


class Int(dict[str, Any]):
    """A hole for a whole number in [low, high].

    Args:
        low: Lower end, included.
        high: Upper end, included.
        log: As for `Float`, and so are the others.
    """

    def __init__(
        self,
        low: int,
        high: int,
        *,
        log: bool | None = None,
        step: int | None = None,
        layers: int | Each | None = None,
        modules: Sequence[str] | Each | None = None,
        tensors: Each | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            _said(
                int=[low, high],
                log=log,
                step=step,
                layers=layers,
                modules=modules,
                tensors=tensors,
                name=name,
            )
        )


class Choice(dict[str, Any]):
    """A hole for one of several values.

    Args:
        values: The alternatives.
        layers: As for `Float`, and so are the others.
    """

    def __init__(
        self,
        *values: Any,
        layers: int | Each | None = None,
        modules: Sequence[str] | Each | None = None,
        tensors: Each | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            _said(choice=list(values), layers=layers, modules=modules, tensors=tensors, name=name)
        )


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


def _said(**keys: Any) -> dict[str, Any]:
    """Return what a hole says: all but what is None."""
    return {key: value for key, value in keys.items() if value is not None}
