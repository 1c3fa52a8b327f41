"""Values of Python as YAML would load them: what a space written in Python says."""

import os
import sys
from collections.abc import Callable, Hashable, Mapping
from enum import Enum
from numbers import Integral, Real
from typing import Any

from evomerge.errors import InputError, raise_together
from evomerge.space.problems import show

_SCALARS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, str),
    (bool, bool),
    (Integral, int),
    (Real, float),
)
"""What a value may be → what makes it the kind that YAML loads."""


def plain_values(document: Mapping[Any, Any]) -> dict[Hashable, Any]:
    """Return a document with numbers, paths and tuples as YAML would load them.

    Args:
        document: Mappings, lists, tuples, text, paths, truth values, None and numbers, those of
            NumPy among them. It stays as it is.

    Raises:
        InputError: Every value that no YAML stands for, such as a set, at its key.
    """
    wrong: list[InputError] = []
    found: dict[Hashable, Any] = _plain(document, (), wrong)
    raise_together(wrong)
    return found


def _plain(value: Any, at: tuple[Hashable, ...], wrong: list[InputError]) -> Any:
    if isinstance(value, Mapping):
        return {_scalar(k, (*at, k), wrong): _plain(v, (*at, k), wrong) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, (*at, index), wrong) for index, item in enumerate(value)]
    return _scalar(value, at, wrong)


def _scalar(value: Any, at: tuple[Hashable, ...], wrong: list[InputError]) -> Any:
    if value is None:
        return None
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    for kind, as_loaded in _SCALARS:
        if isinstance(value, kind) and not isinstance(value, Enum):
            return as_loaded(value)
    if _is_truth(value):
        return bool(value)
    where = ".".join(map(str, at)) or "space"
    wrong.append(InputError(f"{show(value)} is no value that YAML can hold", where=where))
    return None


def _is_truth(value: Any) -> bool:
    """Whether it is one of NumPy's truth values, which are no numbers."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.bool_)
