"""Which models may be given packed rows: those whose attention follows any mask."""

from collections.abc import Iterator
from typing import Any

from transformers import PreTrainedConfig, PreTrainedModel

from evomerge.evaluate.packing.tries import LONGEST

PACKABLE = frozenset(
    """
    apertus arcee cohere cohere2 ernie4_5 exaone4 gemma gemma2 gemma3_text glm glm4 gpt2
    gpt_bigcode gpt_neox gptj granite helium hunyuan_v1_dense jetmoe llama mistral mixtral
    nemotron olmo olmo2 olmo3 opt phi phi3 qwen2 qwen2_moe qwen3 qwen3_moe seed_oss smollm3
    stablelm starcoder2
    """.split()
)
"""Model types whose attention follows any mask; a test holds each to lm-eval's values."""

_LAYERS = frozenset({"full_attention", "sliding_attention"})
_MOVING_ROPE = frozenset({"dynamic", "longrope"})


def packable(model: PreTrainedModel, longest: int) -> bool:
    """Whether a model's log-likelihoods can be had from packed rows.

    Args:
        model: A causal LM.
        longest: Tokens of the longest sequence.
    """
    config = model.config
    window = getattr(config, "sliding_window", None)
    return (
        config.model_type in PACKABLE
        and _attention(config) in ("sdpa", "eager")
        and model.get_output_embeddings() is not None  # type: ignore[no-untyped-call]
        and longest <= LONGEST
        and (not window or window >= longest)
        and set(getattr(config, "layer_types", None) or ()) <= _LAYERS
        and not _MOVING_ROPE & set(_rope_types(getattr(config, "rope_parameters", None)))
    )


def _attention(config: PreTrainedConfig) -> str:
    """Return how a model attends; transformers has no public name for it."""
    return str(config._attn_implementation)


def _rope_types(parameters: Any) -> Iterator[str]:
    if isinstance(parameters, dict):
        if "rope_type" in parameters:
            yield parameters["rope_type"]
        for value in parameters.values():
            yield from _rope_types(value)
