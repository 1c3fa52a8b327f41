"""Train the tiny family: a base on a little of everything, then each expert on its own skill."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from evomerge.zoo.tiny.skills import Document, task_documents, train_documents
from evomerge.zoo.tiny.tokenizer import EOS, PAD

_IGNORED = -100


@dataclass(frozen=True)
class Course:
    """What a model is trained on.

    Args:
        shares: Skill → share of each batch; they sum to 1.
        steps: Optimizer steps, ≥ 10.
        learning_rate: Peak of the one-cycle schedule.
        seed: Seed of the documents drawn.
    """

    shares: Mapping[str, float]
    steps: int
    learning_rate: float
    seed: int


def new_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """Return an untrained LLaMA: 4 layers, width 128, 0.8M parameters, seeded."""
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=128,
            intermediate_size=352,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=64,
            tie_word_embeddings=False,
            pad_token_id=PAD,
            eos_token_id=EOS,
            bos_token_id=None,
            dtype="float32",
        )
    )


def with_adapter(model: LlamaForCausalLM, base: str) -> PeftModel:
    """Return the model with a LoRA adapter on every linear layer, which alone is trained.

    Args:
        model: The base.
        base: Where the base will lie, as the adapter's configuration names it.

    Source: Hu et al. 2021, LoRA, arXiv:2106.09685.
    """
    names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    config = LoraConfig(r=8, lora_alpha=16, target_modules=names, task_type="CAUSAL_LM")
    torch.manual_seed(0)
    tuned = get_peft_model(model, config)
    tuned.peft_config["default"].base_model_name_or_path = base
    return tuned


def train(
    model: LlamaForCausalLM | PeftModel,
    tokenizer: PreTrainedTokenizerFast,
    course: Course,
    progress: Callable[[float], None],
    *,
    batch: int = 128,
    held_out: int = 1024,
) -> None:
    """Train a model in place; deterministic for one number of threads.

    The loss is taken on answers only. No document of a task is ever trained on.

    Args:
        model: The model.
        tokenizer: Its tokenizer.
        course: What to train on.
        progress: Told the fraction of steps done.
        batch: Documents in a step.
        held_out: Documents of each task to keep out.
    """
    rng = np.random.default_rng(course.seed)
    reserved = {skill: frozenset(task_documents(skill, held_out)) for skill in course.shares}
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=course.learning_rate, weight_decay=0.01, betas=(0.9, 0.98)
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, course.learning_rate, total_steps=course.steps, pct_start=0.1
    )
    model.train()
    for step in range(course.steps):
        documents = [
            document
            for skill, share in course.shares.items()
            for document in train_documents(skill, rng, round(batch * share), reserved[skill])
        ]
        tokens, targets = _encode(documents, tokenizer)
        logits = model(tokens).logits[:, :-1]
        loss = functional.cross_entropy(
            logits.flatten(0, 1), targets[:, 1:].flatten(), ignore_index=_IGNORED
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        progress((step + 1) / course.steps)
    model.train(False)


def _encode(
    documents: list[Document], tokenizer: PreTrainedTokenizerFast
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return padded tokens and targets, (documents, length); prompts and padding are ignored."""
    rows = [tokenizer(document.prompt + document.answer)["input_ids"] for document in documents]
    length = max(map(len, rows))
    tokens = torch.full((len(rows), length), PAD)
    targets = torch.full((len(rows), length), _IGNORED)
    for index, (row, document) in enumerate(zip(rows, documents, strict=True)):
        start = len(row) - len(document.answer)
        tokens[index, : len(row)] = torch.tensor(row)
        targets[index, start : len(row)] = tokens[index, start : len(row)]
    return tokens, targets
