"""Packed scores are lm-eval's."""

from pathlib import Path

import pytest
import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM, AutoTokenizer

from evomerge.zoo.smollm2.packing import choice_scores, pack
from evomerge.zoo.smollm2.questions import Question

QUESTIONS = [
    Question("is it a or b", ("a", "bb"), 0, "first"),
    Question("spell cat", ("dog", "catcat", "cat"), 2, "second"),
    Question("x", ("long answer", "y"), 1, "third"),
]


def test_packed_scores_equal_those_of_lm_eval(family: dict[str, Path]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(family["a"])
    model = AutoModelForCausalLM.from_pretrained(family["a"])
    pairs = [(q.context, f" {choice}") for q in QUESTIONS for choice in q.choices]
    requests = [Instance("loglikelihood", {}, pair, i) for i, pair in enumerate(pairs)]
    expected = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=1).loglikelihood(
        requests, disable_tqdm=True
    )
    with torch.no_grad():
        found = torch.cat(choice_scores(model, pack(QUESTIONS, tokenizer)))
    assert found.tolist() == pytest.approx([score for score, _ in expected], abs=1e-4)
