"""Merge methods of one's own: tables of what a plug-in registers with mergekit.

A table is JSON, written by `evomerge methods --plugin FILE.py`, so that reading a space need not
run the plug-in; workers do, before they merge.
"""

import json
from pathlib import Path as File
from typing import Any

from evomerge.errors import InputError
from evomerge.methods.table import MERGEKIT, MethodTable
from evomerge.recipe.reference import absolute_path
from evomerge.space.problems import Problems, show


def read_plugins(node: Any, folder: File, problems: Problems) -> MethodTable:
    """Read `plugins:`: the merge methods that a space knows.

    Args:
        node: The list of tables in the file, or None.
        folder: Where relative paths start.
        problems: Takes the mistakes.

    Returns:
        mergekit's methods and those of the plug-ins.
    """
    methods = MERGEKIT
    if node is None:
        return methods
    if not isinstance(node, list) or not all(isinstance(item, str) for item in node):
        problems.add(("plugins",), f"plugins must be a list of tables, got {show(node)}")
        return methods
    for index, item in enumerate(node):
        table = absolute_path(item, folder)
        try:
            read = json.loads(table.read_text(encoding="utf-8"))
            module = (table.parent / read["module"]).resolve()
            added = methods.with_plugin(read["methods"], str(module))
        except OSError as error:
            problems.add(("plugins", index), f"cannot be read: {error.strerror}: {table}")
            continue
        except InputError as error:
            problems.add(("plugins", index), error.what, help=error.help)
            continue
        except (ValueError, KeyError, TypeError):
            problems.add(
                ("plugins", index),
                f"no table of merge methods: {table}",
                help=f"write it with: evomerge methods --plugin FILE.py > {item}",
            )
            continue
        if not module.is_file():
            problems.add(("plugins", index), f"the table's plug-in is gone: {module}")
            continue
        methods = added
    return methods
