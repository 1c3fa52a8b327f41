"""Mixtures of experts: recipes of another kind, as `mergekit-moe` reads them."""

from collections.abc import Mapping
from typing import Any

from evomerge.errors import Failure, TrialError

KIND = "moe"
"""Name of this kind where a merge method's name would stand."""

GATE_MODES = ("hidden", "hidden_avg", "hidden_last", "cheap_embed", "random", "uniform_random")
KEYS = (
    "base_model",
    "experts",
    "shared_experts",
    "gate_mode",
    "experts_per_token",
    "dtype",
    "architecture",
)
"""What mergekit-moe reads of a configuration."""

PROMPTS = ("positive_prompts", "negative_prompts")
SCALES = ("noise_scale", "residual_scale")
EXPERT_KEYS = ("source_model", *PROMPTS, *SCALES)
"""What mergekit-moe reads of an expert."""


def is_mixture(document: Any) -> bool:
    """Whether a recipe, in a file or filled in, is a mixture of experts."""
    return (
        isinstance(document, Mapping) and "experts" in document and "merge_method" not in document
    )


def check_mixture(document: Mapping[str, Any]) -> None:
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
    prompts = [tuple(expert.get(key) for key in PROMPTS) for expert in experts]
    if any(not positive for positive, _ in prompts):
        _refuse("an expert without positive_prompts, which only gate_mode random allows")
    if all(prompt == prompts[0] for prompt in prompts):
        _refuse("every expert has the same prompts: nothing would be routed")


def _refuse(what: str) -> None:
    raise TrialError(Failure.INVALID_RECIPE, what)
