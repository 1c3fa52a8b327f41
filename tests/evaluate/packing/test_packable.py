"""Packed rows give lm-eval's log-likelihoods, for each architecture that is listed."""

from typing import Any

import pytest
import transformers
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM

from evomerge.evaluate.harness import LiveLM
from evomerge.evaluate.packing.packable import PACKABLE, packable

from .conftest import asked, build, requests

QUICK = ("gemma3_text", "gpt2", "llama", "qwen3_moe")
"""One of each kind: windows, learned positions, rotated ones, experts; the others are slow."""


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=() if kind in QUICK else pytest.mark.slow)
        for kind in sorted(PACKABLE)
    ],
)
def test_log_likelihoods_are_those_of_lm_eval(kind: str, tokenizer: Any) -> None:
    model = build(kind)
    theirs = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=4)
    ours = LiveLM(model, tokenizer, "auto")
    pairs = requests("loglikelihood", asked())
    wanted = theirs.loglikelihood(pairs, disable_tqdm=True)
    for _ in range(2):
        got = ours.loglikelihood(pairs, disable_tqdm=True)
        assert [a for a, _ in got] == pytest.approx([a for a, _ in wanted], abs=2e-4)
        assert [greedy for _, greedy in got] == [greedy for _, greedy in wanted]
    texts = requests("loglikelihood_rolling", [(context,) for context, _ in asked() if context])
    rolled = ours.loglikelihood_rolling(texts, disable_tqdm=True)
    assert rolled == pytest.approx(theirs.loglikelihood_rolling(texts, disable_tqdm=True), abs=1e-3)
    assert len(ours._passes) >= 2


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("mamba", {}),
        ("mistral", {"sliding_window": 8}),
        ("gemma3_text", {"sliding_window": 8, "query_pre_attn_scalar": 8}),
        (
            "llama",
            {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10_000.0}},
        ),
    ],
)
def test_other_models_go_lm_evals_way(kind: str, given: dict[str, Any], tokenizer: Any) -> None:
    if kind == "mamba":
        config = transformers.MambaConfig(vocab_size=31, hidden_size=32, num_hidden_layers=2)
        model = AutoModelForCausalLM.from_config(config).eval()
    else:
        model = build(kind, **given)
    assert not packable(model, longest=40)
    pairs = requests("loglikelihood", asked()[:12])
    theirs = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=32)
    ours = LiveLM(model, tokenizer, "auto")
    assert ours.loglikelihood(pairs, disable_tqdm=True) == theirs.loglikelihood(
        pairs, disable_tqdm=True
    )
