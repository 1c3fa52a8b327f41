"""Read mixtures of experts, recipes of another kind."""

from collections.abc import Mapping
from typing import Any

from evomerge.methods.types import is_int, is_number
from evomerge.recipe.mixture import EXPERT_KEYS, GATE_MODES, KEYS, PROMPTS, SCALES
from evomerge.recipe.recipe import DTYPES
from evomerge.space.places import Path
from evomerge.space.problems import Problems, show
from evomerge.space.reading.models import ModelNames
from evomerge.space.reading.recipes.holes import read_name, read_value


def read_mixture(
    node: Mapping[str, Any], path: Path, models: ModelNames, problems: Problems
) -> dict[str, Any]:
    """Read a mixture of experts with `Hole`s in it, noting its mistakes.

    Args:
        node: The recipe as plain values.
        path: Where it stands in the file.
        models: Reads models' names.
        problems: Takes the mistakes.
    """
    problems.known_keys(node, path, ("name", *KEYS))
    document: dict[str, Any] = {}
    if "base_model" in node:
        document["base_model"] = models.read(node["base_model"], (*path, "base_model"))
    else:
        problems.add(path, "a mixture of experts needs a base_model")
    for key, allowed in (("gate_mode", GATE_MODES), ("dtype", DTYPES)):
        if key in node:
            document[key] = read_name(node[key], (*path, key), problems, allowed)
    if (key := "experts_per_token") in node:
        wanted = f"{key} must be a whole number"
        document[key] = read_value(node[key], (*path, key), problems, is_int, wanted)
    if "architecture" in node:
        document["architecture"] = node["architecture"]
        if not isinstance(node["architecture"], str):
            problems.add((*path, "architecture"), "architecture must be text, such as mixtral")
    for key in ("experts", "shared_experts"):
        if key in node:
            document[key] = _experts(node[key], (*path, key), models, problems)
    return document


def _experts(node: Any, path: Path, models: ModelNames, problems: Problems) -> list[Any]:
    if not isinstance(node, list) or not node:
        problems.add(path, f"{path[-1]} must be a list, got {show(node)}")
        return []
    read = []
    for index, item in enumerate(node):
        at = (*path, index)
        if not problems.known_keys(item, at, EXPERT_KEYS):
            continue
        if "source_model" not in item:
            problems.add(at, "an expert needs a source_model")
            continue
        read.append(_expert(item, at, models, problems))
    return read


def _expert(
    item: Mapping[str, Any], path: Path, models: ModelNames, problems: Problems
) -> dict[str, Any]:
    expert = {"source_model": models.read(item["source_model"], (*path, "source_model"))}
    for key in PROMPTS:
        if key in item:
            expert[key] = item[key]
            if not _is_texts(item[key]):
                wrong = f"{key} must be a list of texts, got {show(item[key])}"
                problems.add((*path, key), wrong)
    for key in SCALES:
        if key in item:
            wanted = f"{key} must be a number"
            expert[key] = read_value(item[key], (*path, key), problems, is_number, wanted)
    return expert


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)
