"""Merge methods of one's own: tables of what a plug-in registers with mergekit.

A table is JSON, written by `evomerge methods --plugin FILE.py`, so that reading a space need not
run the plug-in; workers do, before they merge.
"""

import json
from pathlib import Path as File
from typing import Any

from evomerge.methods.table import add_methods
from evomerge.recipe.reference import absolute_path
from evomerge.space.reading.problems import Problems, show


def read_plugins(node: Any, folder: File, problems: Problems) -> tuple[str, ...]:
    """Read `plugins:` and make their merge methods known to this process.

    Args:
        node: The list of tables in the file, or None.
        folder: Where relative paths start.
        problems: Takes the mistakes.

    Returns:
        The absolute paths of the plug-ins' Python files.
    """
    if node is None:
        return ()
    if not isinstance(node, list) or not all(isinstance(item, str) for item in node):
        problems.add(("plugins",), f"plugins must be a list of tables, got {show(node)}")
        return ()
    modules = []
    for index, item in enumerate(node):
        table = absolute_path(item, folder)
        try:
            read = json.loads(table.read_text(encoding="utf-8"))
            module = (table.parent / read["module"]).resolve()
            add_methods(read["methods"], str(module))
        except OSError as error:
            problems.add(("plugins", index), f"cannot be read: {error.strerror}: {table}")
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
        modules.append(str(module))
    return tuple(modules)
