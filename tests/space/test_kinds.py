"""Filters are short words of the tensors' own names, and tell what mergekit must tell apart."""

import pytest

from evomerge.errors import InputError
from evomerge.space.kinds import kinds, tell_apart
from evomerge.space.outline import Outline

from .shapes import SHAPES, stack


def filters(shape: str, by: str) -> list[str | None]:
    return [told.filter for told in tell_apart(Outline.of(SHAPES[shape]), by)]


def test_filters_are_words_that_a_person_would_write() -> None:
    assert filters("llama", "tensors") == [
        "input_layernorm",
        "down_proj",
        "gate_proj",
        "up_proj",
        "post_attention_layernorm",
        "k_proj",
        "o_proj",
        "q_proj",
        "v_proj",
        "lm_head",
        "embed_tokens",
        None,
    ]
    assert filters("llama", "modules")[:4] == [
        "input_layernorm",
        "mlp",
        "post_attention_layernorm",
        "self_attn",
    ]
    assert "c_attn.bias" in filters("gpt2", "tensors")
    assert "c_attn" in filters("gpt2", "tensors")


@pytest.mark.parametrize("by", ["tensors", "modules"])
@pytest.mark.parametrize("shape", SHAPES)
def test_no_filter_holds_a_number_that_could_be_a_layers(shape: str, by: str) -> None:
    told = tell_apart(Outline.of(SHAPES[shape]), by)
    assert len({one.name for one in told}) == len(told) == len(kinds(Outline.of(SHAPES[shape]), by))
    for one in told[:-1]:
        assert one.filter
        parts = one.filter.strip(".").split(".")
        assert not parts[0].isdecimal()
        assert not parts[-1].isdecimal()


def test_stacks_of_the_same_kinds_cannot_be_told_apart() -> None:
    kinds = ("fc.weight", "attn.weight")
    twins = Outline.of(stack("encoder.layers", 2, kinds) + stack("h", 2, kinds))
    with pytest.raises(InputError, match=r"no filter can tell encoder.layers.#.attn.weight from h"):
        tell_apart(twins, "tensors")


def test_what_stands_before_the_layers_tells_stacks_of_one_kind() -> None:
    told = tell_apart(Outline.of(stack("a.h", 2, ("w",)) + stack("b.h", 2, ("w",))), "tensors")
    assert [one.filter for one in told] == ["a", None]


def test_a_number_in_a_filter_may_be_another_stacks_layer() -> None:
    names = stack("h", 2, ("mlp.0.weight",)) + stack("proj.mlp", 2, ("weight",))
    assert [one.filter for one in tell_apart(Outline.of(names), "tensors")] == ["h.", None]
    names += stack("h", 2, ("mlp.0.bias",)) + stack("proj.mlp", 2, ("bias",))
    with pytest.raises(InputError, match=r"no filter can tell h\.#\.mlp\.0\.bias from proj\.mlp"):
        tell_apart(Outline.of(names), "tensors")


def test_the_last_kind_is_called_as_the_others_are() -> None:
    told = tell_apart(Outline.of(stack("h", 2, ("a_norm.weight", "norm.weight"))), "tensors")
    assert [one.name for one in told] == ["a_norm", "norm"]
