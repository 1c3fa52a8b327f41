"""Fine-tune a LoRA adapter of the base on one set of questions."""

import math
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from evomerge.zoo.smollm2.experts import Training
from evomerge.zoo.smollm2.packing import choice_scores, pack
from evomerge.zoo.smollm2.questions import Question

BASE_NAME = "SmolLM2-135M-Instruct"


def train(
    base: Path,
    questions: list[Question],
    how: Training,
    out: Path,
    report: Callable[[int, float, float], None],
) -> None:
    """Train an adapter and write it, in bfloat16, as peft does.

    The loss is the cross entropy of the right choice among the choices, plus the mean negative
    log-likelihood of its tokens. Nothing is learned from the context. The base stays in bfloat16,
    which is twice as fast as float32 on recent processors; the adapter is trained in float32.

    Args:
        base: Folder of the base model.
        questions: What to train on.
        how: Steps, batch, learning rate, seed.
        out: Folder for the adapter.
        report: Called after each step with the step, the loss, and the share answered rightly.
    """
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16)
    config = LoraConfig(
        r=8,
        lora_alpha=16,
        target_modules=["q_proj", "v_proj", "o_proj", "down_proj"],
        task_type="CAUSAL_LM",
    )
    order = np.random.default_rng(how.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(how.seed)
        tuned = get_peft_model(model, config)
    learned = [weight for weight in tuned.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=how.rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, how.steps))
    todo = _endless(questions, order)
    for step in range(how.steps):
        loss, right = _loss(model, list(islice(todo, how.batch)), tokenizer)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        schedule.step()
        report(step + 1, float(loss.detach()), right)
    tuned.peft_config["default"].base_model_name_or_path = BASE_NAME
    tuned.to(torch.bfloat16).save_pretrained(str(out), save_embedding_layers=False)
    (out / "README.md").unlink()  # peft's form for a model card, left blank


def _loss(
    model: PreTrainedModel, questions: list[Question], tokenizer: PreTrainedTokenizerBase
) -> tuple[torch.Tensor, float]:
    batch = pack(questions, tokenizer)
    scores = choice_scores(model, batch)
    lengths = torch.split(torch.bincount(batch.choices_T), batch.counts_B)
    total, right = torch.zeros(()), 0
    for label, of_choices, tokens in zip(batch.labels_B, scores, lengths, strict=True):
        total = total - of_choices.log_softmax(-1)[label] - of_choices[label] / tokens[label]
        right += int(of_choices.argmax()) == label
    return total / len(questions), right / len(questions)


def _endless(questions: list[Question], order: np.random.Generator) -> Iterator[Question]:
    while True:
        for index in order.permutation(len(questions)):
            yield questions[index]


def _rate(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / 10) * 0.5 * (1 + math.cos(math.pi * step / steps))
