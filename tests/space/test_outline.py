"""Layers are counted by the first number in a name."""

from evomerge.space.outline import Outline, place

from .shapes import SHAPES


def test_the_first_number_is_the_layers() -> None:
    assert place("model.layers.11.mlp.experts.3.w1.weight") == (
        "model.layers",
        11,
        "mlp.experts.3.w1.weight",
    )
    assert place("transformer.h.0.ln_1.bias") == ("transformer.h", 0, "ln_1.bias")
    assert place("model.norm.weight") is None
    assert place("lm_head.0") is None


def test_depth_and_what_lies_outside() -> None:
    gpt2 = Outline.of([*SHAPES["gpt2"], "transformer.h.0.attn.bias"])
    assert len(gpt2.names) == len(SHAPES["gpt2"])
    assert gpt2.depth == 12
    assert gpt2.outside == (
        "transformer.ln_f.bias",
        "transformer.ln_f.weight",
        "transformer.wpe.weight",
        "transformer.wte.weight",
    )
    two = Outline.of(SHAPES["two stacks"])
    assert (two.layers, two.depth) == ({"model.layers": 5, "vision.blocks": 3}, None)


def test_a_slice_counts_its_layers_from_0() -> None:
    part = Outline.of(SHAPES["llama"]).slice(9, 12, rest=True)
    assert part.depth == 3
    assert part.rest
    assert not part.outside
    assert "model.layers.2.mlp.up_proj.weight" in part.names
