"""What sequences share is computed once, in passes as large as memory allows."""

from typing import Any

import pytest

from evomerge.evaluate.harness import LiveLM

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
