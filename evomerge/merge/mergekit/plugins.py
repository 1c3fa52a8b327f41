"""Run a user's plug-in, which registers merge methods with mergekit."""

import os
import sys
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from evomerge.errors import InputError
from evomerge.merge.mergekit.registry import method_table

_ROWS = "__evomerge_rows__"
"""Attribute of a plug-in's module that holds its rows of the method table."""


def import_plugin(path: Path) -> list[dict[str, Any]]:
    """Run a Python file that registers merge methods with mergekit, once a process.

    Returns:
        The rows that it adds to the method table, the same every time.

    Raises:
        InputError: The file is missing, or raises.
    """
    path = path.resolve()
    name = f"evomerge_plugin_{sha256(str(path).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        known: list[dict[str, Any]] = getattr(sys.modules[name], _ROWS)
        return known
    if not path.is_file():
        raise InputError("no such file", where=str(path))
    before = {row["name"] for row in method_table()}
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a user's file raises
        del sys.modules[name]
        reason = f"the plug-in raises {type(error).__name__}: {error}"
        raise InputError(reason, where=str(path)) from error
    added = [row for row in method_table() if row["name"] not in before]
    setattr(module, _ROWS, added)
    return added


def plugin_table(path: Path, beside: Path) -> dict[str, Any]:
    """Return the table of the merge methods that a plug-in registers.

    Args:
        path: The plug-in.
        beside: Folder in which the table will lie; it names the plug-in from there.

    Raises:
        InputError: The plug-in cannot be run, or registers no method.
    """
    added = import_plugin(path)
    if not added:
        raise InputError(
            "registers no merge method",
            where=str(path),
            help="call mergekit.merge_methods.register(method)",
        )
    return {"module": os.path.relpath(path.resolve(), beside.resolve()), "methods": added}
