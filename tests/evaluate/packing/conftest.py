"""Random models of any architecture, and requests that share beginnings or do not."""

import random
from typing import Any

import torch
from lm_eval.api.instance import Instance
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

COMMON = {
    "vocab_size": 31,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "bos_token_id": None,
    "dtype": "float32",
}
EXPERTS = {"num_experts": 2, "num_experts_per_tok": 1, "moe_intermediate_size": 16}
WINDOW = {"sliding_window": 64}
OWN: dict[str, dict[str, Any]] = {
    "cohere2": WINDOW,
    "exaone4": WINDOW,
    "gemma2": {"query_pre_attn_scalar": 8, **WINDOW},
    "gemma3_text": {"query_pre_attn_scalar": 8, **WINDOW},
    "gpt2": {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 64},
    "gpt_bigcode": {"n_embd": 32, "n_layer": 3, "n_head": 4},
    "gptj": {"n_embd": 32, "n_layer": 3, "n_head": 4, "rotary_dim": 4},
    "mixtral": {"num_local_experts": 2, "num_experts_per_tok": 1},
    "olmo3": WINDOW,
    "opt": {"ffn_dim": 48, "word_embed_proj_dim": 32},
    "qwen2_moe": EXPERTS | {"shared_expert_intermediate_size": 16},
    "qwen3_moe": EXPERTS,
    "smollm3": {"no_rope_layers": [1, 1, 0]},
}


def build(kind: str, **given: Any) -> PreTrainedModel:
    """Return a random model of a type, its answers far from even."""
    config = AutoConfig.for_model(kind, **COMMON | OWN.get(kind, {}) | given)
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for weights in model.parameters():
            if weights.dim() > 1:
                weights.normal_(std=0.3)
    return model


def asked() -> list[tuple[str, str]]:
    """Contexts that share beginnings, of many lengths, too long, empty; choices; doubles."""
    draw = random.Random(0)

    def word(low: int, high: int) -> str:
        return "".join(draw.choice("abcdefghijklm") for _ in range(draw.randint(low, high)))

    head = word(9, 9)
    pairs = []
    for index in range(20):
        context = head * (index % 2) + word(1, 14)
        pairs += [(context, word(1, 6)) for _ in range(draw.randint(1, 4))]
    return [*pairs, *pairs[:5], ("", word(5, 5)), (word(90, 90), word(4, 4)), (head, "a")]


def requests(kind: str, arguments: list[Any]) -> list[Instance]:
    """Return lm-eval's requests."""
    return [Instance(request_type=kind, doc={}, arguments=a, idx=0) for a in arguments]
