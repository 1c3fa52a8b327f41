"""Scores are lm-eval's own, whatever was scored before."""

from pathlib import Path
from typing import Literal

import lm_eval
import pytest
import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from transformers import AutoModelForCausalLM, PreTrainedModel

from evomerge.evaluate.scorer import Scorer

from .conftest import settings

EVERY_KIND = (
    ("toy_next", "acc"),
    ("toy_pick", "acc"),
    ("toy_generate", "exact_match,raw"),
    ("toy_rolling", "word_perplexity"),
    ("toy_fewshot", "acc_norm"),
)


@pytest.mark.parametrize("documents", ["held_out", "quick"])
@pytest.mark.parametrize("batch_size", [4, "auto"])
def test_scores_equal_simple_evaluate(
    all_tasks: Path,
    model: PreTrainedModel,
    tokenizer: object,
    documents: str,
    batch_size: int | Literal["auto"],
) -> None:
    scorer = Scorer(settings(all_tasks, *EVERY_KIND, batch_size=batch_size))
    scorer.score(model, tokenizer, "confirm")
    scores = scorer.score(model, tokenizer, documents)
    ids = {task: list(found) for task, found in scorer.documents(documents).items()}
    theirs = lm_eval.simple_evaluate(
        model=HFLM(pretrained=model, tokenizer=tokenizer, batch_size=4),
        tasks=list(ids),
        samples=ids,
        task_manager=TaskManager(include_path=str(all_tasks), include_defaults=False),
        bootstrap_iters=0,
        log_samples=True,
    )
    for task, metric in EVERY_KIND:
        name, _, wanted = metric.partition(",")
        wanted = wanted or "none"
        expected = theirs["results"][task][f"{name},{wanted}"]
        rounding = 1e-6 if (batch_size, task) == ("auto", "toy_rolling") else 0.0
        assert scores[task].value == pytest.approx(expected, rel=rounding, abs=0.0), task
        samples = [s for s in theirs["samples"][task] if s["filter"] == wanted]
        assert tuple(s["doc_id"] for s in samples) == scores[task].doc_ids
        if task != "toy_rolling":
            assert tuple(float(s[name]) for s in samples) == scores[task].per_doc


@pytest.mark.parametrize("batch_size", [4, "auto"])
def test_scores_do_not_depend_on_what_was_scored_before(
    all_tasks: Path,
    family: dict[str, Path],
    model: PreTrainedModel,
    tokenizer: object,
    batch_size: int | Literal["auto"],
) -> None:
    other = AutoModelForCausalLM.from_pretrained(family["b"]).eval()
    chosen = settings(all_tasks, *EVERY_KIND, batch_size=batch_size)
    alone = Scorer(chosen).score(model, tokenizer)
    scorer = Scorer(chosen)
    scorer.score(other, tokenizer, "held_out")
    different = scorer.score(other, tokenizer)
    assert scorer.score(model, tokenizer) == alone
    assert scorer.score(model, tokenizer) == alone
    assert different != alone


def test_sampled_answers_are_drawn_alike_each_time(
    all_tasks: Path, tmp_path: Path, model: PreTrainedModel, tokenizer: object
) -> None:
    text = (all_tasks / "toy_generate.yaml").read_text()
    text = text.replace("do_sample: false", "do_sample: true, temperature: 1.0")
    text = text.replace("max_gen_toks", "max_new_tokens")
    (tmp_path / "toy_generate.yaml").write_text(text)
    scorer = Scorer(settings(tmp_path, ("toy_generate", "exact_match,letter")))
    state = torch.get_rng_state()
    first = scorer.score(model, tokenizer)
    assert scorer.score(model, tokenizer) == first
    assert torch.equal(torch.get_rng_state(), state)
    assert first.guards["toy_generate/truncated"] > 0.5
