"""What sequences share is computed once, in passes as large as memory allows."""

import tracemalloc
from typing import Any

import pytest
from transformers import AutoModelForCausalLM, Gemma3Config

from evomerge.evaluate.harness import LiveLM
from evomerge.evaluate.packing.checkpointing import must_recompute
from evomerge.evaluate.packing.plan import Request, plan_passes

from .conftest import asked, build, requests


def test_shared_beginnings_are_computed_once(tokenizer: Any) -> None:
    model = build("llama")
    seen = 0

    def count(_: object, __: object, kwargs: dict[str, Any]) -> None:
        nonlocal seen
        seen += kwargs["input_ids"].numel()

    model.register_forward_pre_hook(count, with_kwargs=True)
    pairs = [("abcdefghijkl", choice) for choice in ("ab", "bc", "cd", "de")]
    LiveLM(model, tokenizer, "auto").loglikelihood(
        requests("loglikelihood", pairs), disable_tqdm=True
    )
    assert seen == 12 + 4


def test_smaller_batches_give_the_same(tokenizer: Any) -> None:
    model = build("llama")
    pairs = requests("loglikelihood", asked())
    whole = LiveLM(model, tokenizer, "auto").loglikelihood(pairs, disable_tqdm=True)
    lm = LiveLM(model, tokenizer, "auto", shrink=128)
    small = lm.loglikelihood(pairs, disable_tqdm=True)
    assert [a for a, _ in small] == pytest.approx([a for a, _ in whole], abs=1e-4)
    (passes,) = lm._passes.values()
    assert len(passes) > 4


def test_rows_of_one_sequence_need_no_mask() -> None:
    model, tokens = build("mamba"), tuple([3] * 3000)
    tracemalloc.start()
    (one,) = plan_passes([Request(tokens, (4,))], model, packed=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert one.seen is None
    assert peak < len(tokens) ** 2 / 4


def test_models_that_are_not_text_alone_can_be_planned() -> None:
    text = {
        "vocab_size": 31,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 16,
    }
    seeing = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    config = Gemma3Config(
        text_config=text, vision_config=seeing | {"num_attention_heads": 2, "image_size": 28}
    )
    model = AutoModelForCausalLM.from_config(config)
    (one,) = plan_passes([Request((1, 2, 3), (4,))], model, packed=False)
    assert not must_recompute(model, one.tokens.numel())
