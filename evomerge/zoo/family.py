"""What a family of local models is to the zoo."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evomerge.recipe.reference import Reference

Progress = Callable[[str, float], None]
"""Told what is being done and which fraction of the whole is done, in [0, 1]."""


@dataclass(frozen=True)
class ZooFamily:
    """A base model, its experts, and their lm-eval tasks.

    Args:
        name: What stands after `zoo://`.
        summary: One line for people.
        version: Changes whenever a build would give other files; part of the folder's path.
        models: Names of its models; `tasks` is the folder of its task YAML.
        build: Makes the family in an empty draft folder. It also gets the folder's final path,
            for files that name each other, and a `Progress`.
        reference: Final folder and model name → what mergekit can open.
    """

    name: str
    summary: str
    version: str
    models: tuple[str, ...]
    build: Callable[[Path, Path, Progress], None]
    reference: Callable[[Path, str], Reference] = lambda root, model: Reference(str(root / model))
