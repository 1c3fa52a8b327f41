"""Recipes of another kind: mixtures of experts, as `mergekit-moe` reads them."""

from collections.abc import Mapping
from typing import Any

from evomerge.errors import Failure, TrialError
from evomerge.methods.types import is_int, is_number
from evomerge.space.domains import Hole, is_hole, read_hole
from evomerge.space.reading.inputs import InputsReader
from evomerge.space.reading.problems import Problems, show
from evomerge.space.reading.yaml import Path

KIND = "moe"
"""Name of this kind where a merge method's name would stand."""

DTYPES = ("bfloat16", "float16", "float32", "float64")
_GATE_MODES = ("hidden", "hidden_avg", "hidden_last", "cheap_embed", "random", "uniform_random")
MOE_KEYS = (
    "name",
    "base_model",
    "experts",
    "shared_experts",
    "gate_mode",
    "experts_per_token",
    "dtype",
    "architecture",
)
"""What a mixture of experts may say in a space file."""

_EXPERT = (
    "source_model",
    "positive_prompts",
    "negative_prompts",
    "noise_scale",
    "residual_scale",
)


def is_moe(document: Any) -> bool:
    """Whether a recipe, in a file or filled in, is a mixture of experts."""
    return (
        isinstance(document, Mapping) and "experts" in document and "merge_method" not in document
    )


def read_moe(
    node: Mapping[str, Any], path: Path, inputs: InputsReader, problems: Problems
) -> dict[str, Any]:
    """Read a mixture of experts with `Hole`s in it, noting its mistakes.

    Args:
        node: The recipe as plain values.
        path: Where it stands in the file.
        inputs: Reads models' names.
        problems: Takes the mistakes.
    """
    problems.known_keys(node, path, MOE_KEYS)
    document: dict[str, Any] = {}
    if "base_model" in node:
        document["base_model"] = inputs.model(node["base_model"], (*path, "base_model"))
    else:
        problems.add(path, "a mixture of experts needs a base_model")
    for key, allowed in (("gate_mode", _GATE_MODES), ("dtype", DTYPES)):
        if key in node:
            document[key] = inputs.choice(node[key], (*path, key), allowed)
    if "experts_per_token" in node:
        at = (*path, "experts_per_token")
        document["experts_per_token"] = _number(node["experts_per_token"], at, problems, whole=True)
    if "architecture" in node:
        document["architecture"] = node["architecture"]
        if not isinstance(node["architecture"], str):
            problems.add((*path, "architecture"), "architecture must be text, such as mixtral")
    for key in ("experts", "shared_experts"):
        if key in node:
            document[key] = _experts(node[key], (*path, key), inputs, problems)
    return document


def check_moe(document: Mapping[str, Any]) -> None:
    """Refuse a filled-in mixture that mergekit-moe would refuse, or that routes nothing.

    Raises:
        TrialError: `INVALID_RECIPE`.
    """
    experts = document["experts"]
    used = document.get("experts_per_token", 2)
    if not 1 <= used <= len(experts):
        _refuse(f"{used} experts per token, of {len(experts)} experts")
    if len({expert["source_model"] for expert in experts}) == 1:
        _refuse(f"every expert is {experts[0]['source_model']}")
    if document.get("gate_mode", "hidden") == "random":
        return
    prompts = [(e.get("positive_prompts"), e.get("negative_prompts")) for e in experts]
    if any(not positive for positive, _ in prompts):
        _refuse("an expert without positive_prompts, which only gate_mode random allows")
    if all(prompt == prompts[0] for prompt in prompts):
        _refuse("every expert has the same prompts: nothing would be routed")


def _experts(node: Any, path: Path, inputs: InputsReader, problems: Problems) -> list[Any]:
    if not isinstance(node, list) or not node:
        problems.add(path, f"{path[-1]} must be a list, got {show(node)}")
        return []
    read = []
    for index, item in enumerate(node):
        at = (*path, index)
        if not problems.known_keys(item, at, _EXPERT):
            continue
        if "source_model" not in item:
            problems.add(at, "an expert needs a source_model")
            continue
        expert = {"source_model": inputs.model(item["source_model"], (*at, "source_model"))}
        for key in ("positive_prompts", "negative_prompts"):
            if key in item:
                expert[key] = item[key]
                if not _is_texts(item[key]):
                    problems.add(
                        (*at, key), f"{key} must be a list of texts, got {show(item[key])}"
                    )
        for key in ("noise_scale", "residual_scale"):
            if key in item:
                expert[key] = _number(item[key], (*at, key), problems, whole=False)
        read.append(expert)
    return read


def _number(node: Any, path: Path, problems: Problems, *, whole: bool) -> Any:
    right, wanted = (is_int, "a whole number") if whole else (is_number, "a number")
    if is_hole(node):
        hole: Hole | None = read_hole(node, path, problems, in_parameters=False)
        if hole is None:
            return None
        ends = hole.choices if hole.kind == "choice" else (hole.low, hole.high)
        if all(map(right, ends)) and not (whole and hole.kind == "float"):
            return hole
    elif right(node):
        return node
    problems.add(path, f"{path[-1]} must be {wanted}, got {show(node)}")
    return None


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)


def _refuse(what: str) -> None:
    raise TrialError(Failure.INVALID_RECIPE, what)
