"""Answers become metrics, document by document; what are none are named."""

import math
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from evomerge.errors import Failure, TrialError
from evomerge.evaluate.scorer import Scorer

from .conftest import DATA, settings


def test_guards_are_given_for_generation_only(
    all_tasks: Path, model: PreTrainedModel, tokenizer: object
) -> None:
    scores = Scorer(
        settings(all_tasks, ("toy_generate", "exact_match,letter"), ("toy_next", "acc"))
    ).score(model, tokenizer)
    assert set(scores.guards) == {
        f"toy_generate/{name}" for name in ("truncated", "unparsed", "empty", "repeating")
    }
    assert scores.guards["toy_generate/truncated"] > 0


def test_outputs_that_are_no_numbers_fail_the_trial(
    all_tasks: Path, family: dict[str, Path], tokenizer: object
) -> None:
    broken = AutoModelForCausalLM.from_pretrained(family["b"]).eval()
    with torch.no_grad():
        broken.lm_head.weight.fill_(float("nan"))
    with pytest.raises(TrialError) as caught:
        Scorer(settings(all_tasks, ("toy_next", "acc"))).score(broken, tokenizer)
    assert caught.value.failure is Failure.SCORE_FAILED


def test_a_metric_that_is_no_mean_has_no_values_of_single_documents(
    all_tasks: Path, task_path: Path, tmp_path: Path, model: PreTrainedModel, tokenizer: object
) -> None:
    """lm-eval's perplexity gives a log-likelihood a document and exponentiates their mean."""
    perplexity = (
        "task: toy_perplexity\noutput_type: loglikelihood\n"
        'doc_to_text: "{{prompt}}"\ndoc_to_target: "{{answer}}"\n'
        "metric_list: [{metric: perplexity, aggregation: perplexity, higher_is_better: false}]\n"
    )
    (tmp_path / "p.yaml").write_text(perplexity + DATA.format(file=task_path / "toy_next.jsonl"))
    scores = Scorer(settings(tmp_path, ("toy_perplexity", "perplexity"))).score(model, tokenizer)
    assert scores["toy_perplexity"].value > 1
    assert all(math.isnan(value) for value in scores["toy_perplexity"].per_doc)


def test_memory_that_is_short_on_the_cpu_is_named_so(
    all_tasks: Path, family: dict[str, Path], tokenizer: object
) -> None:
    model = AutoModelForCausalLM.from_pretrained(family["a"]).eval()

    def too_large(*_: object) -> None:
        torch.empty(2**50)

    model.lm_head.register_forward_pre_hook(too_large)
    with pytest.raises(TrialError, match=r"while scoring: .*allocate") as caught:
        Scorer(settings(all_tasks, ("toy_next", "acc"))).score(model, tokenizer)
    assert caught.value.failure is Failure.OUT_OF_MEMORY


def test_what_cannot_be_sampled_fails_the_trial(
    all_tasks: Path, tmp_path: Path, family: dict[str, Path], tokenizer: object
) -> None:
    broken = AutoModelForCausalLM.from_pretrained(family["a"])
    with torch.no_grad():
        broken.lm_head.weight.fill_(float("inf"))
    text = (all_tasks / "toy_generate.yaml").read_text()
    text = text.replace("do_sample: false", "do_sample: true, temperature: 1.0")
    (tmp_path / "toy_generate.yaml").write_text(text)
    scorer = Scorer(settings(tmp_path, ("toy_generate", "exact_match,letter")))
    with pytest.raises(TrialError) as caught:
        scorer.score(broken, tokenizer)
    assert caught.value.failure is Failure.SCORE_FAILED
