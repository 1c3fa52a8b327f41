"""Names of the tensors of models of several architectures, as their files write them."""

from collections.abc import Sequence

from evomerge.zoo.family import llama_tensors

ATTENTION = tuple(f"self_attn.{name}_proj.weight" for name in "qkvo")
MLP = ("mlp.gate_proj.weight", "mlp.up_proj.weight", "mlp.down_proj.weight")
NORMS = ("input_layernorm.weight", "post_attention_layernorm.weight")
GPT2 = tuple(
    f"{name}.{end}"
    for name in ("ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj")
    for end in ("weight", "bias")
)
GEMMA = tuple(f"{when}_feedforward_layernorm.weight" for when in ("pre", "post"))
EXPERTS = tuple(
    f"block_sparse_moe.experts.{expert}.w{part}.weight" for expert in range(12) for part in (1, 2)
)


def stack(prefix: str, layers: int, kinds: Sequence[str]) -> list[str]:
    """Return the names of a stack of layers that are alike."""
    return [f"{prefix}.{layer}.{kind}" for layer in range(layers) for kind in kinds]


OUTER = ["model.embed_tokens.weight", "model.norm.weight"]
BIASES = tuple(f"self_attn.{name}_proj.bias" for name in "qkv")
QK_NORMS = ("self_attn.q_norm.weight", "self_attn.k_norm.weight")
SHAPES: dict[str, list[str]] = {
    "llama": list(llama_tensors(13, tied=False)),
    "qwen2": [*OUTER, *stack("model.layers", 12, (*ATTENTION, *BIASES, *MLP, *NORMS))],
    "gemma3": [
        *OUTER,
        *stack("model.layers", 14, (*ATTENTION, *QK_NORMS, *MLP, *NORMS, *GEMMA)),
    ],
    "gpt2": [
        *stack("transformer.h", 12, GPT2),
        *(f"transformer.{name}.weight" for name in ("wte", "wpe", "ln_f")),
        "transformer.ln_f.bias",
    ],
    "mixtral": [
        *OUTER,
        "lm_head.weight",
        *stack("model.layers", 24, (*ATTENTION, *NORMS, "block_sparse_moe.gate.weight", *EXPERTS)),
    ],
    "mamba": [
        "backbone.embeddings.weight",
        "backbone.norm_f.weight",
        *stack("backbone.layers", 3, ("mixer.A_log", "norm.weight", "mixer.norm.weight")),
    ],
    "one layer": list(llama_tensors(1, tied=True)),
    "a dense layer below experts": [
        *OUTER,
        *stack("model.layers", 1, MLP),
        *stack("model.layers", 11, ATTENTION),
        *(f"model.layers.{layer}.mlp.experts.0.up.weight" for layer in range(1, 11)),
    ],
    "two stacks": [
        "lm_head.weight",
        *stack("vision.blocks", 3, ("attn.qkv.weight", "mlp.fc.weight")),
        *stack("model.layers", 5, ATTENTION),
    ],
    "numbers within a layer, and a numbered projector": [
        *stack("h", 2, ("mlp.0.weight", "attn.weight")),
        "proj.mlp.0.weight",
        "proj.mlp.2.weight",
    ],
}
