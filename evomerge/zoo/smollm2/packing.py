"""Score all choices of a question in one forward pass, the way lm-eval scores them one by one.

The choices stand behind one another after their common context. A mask lets each see the context
and itself only, and each counts its positions from the end of the context, so the model reads
what it would read if the choice stood there alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from evomerge.zoo.smollm2.questions import Question


@dataclass(frozen=True)
class Batch:
    """B questions padded to L tokens, with T scored tokens among all of their choices.

    Args:
        tokens_BL: Context, then every choice.
        positions_BL: Position of each token in its own reading.
        mask_B1LL: True where a token may be seen.
        rows_T: Index of the question of each scored token.
        predictors_T: Where in L the token is predicted from.
        targets_T: The token itself.
        choices_T: Index, among the choices of the whole batch, that the token belongs to.
        counts_B: Number of choices of each question.
        labels_B: Index of the right choice of each question.
    """

    tokens_BL: torch.Tensor
    positions_BL: torch.Tensor
    mask_B1LL: torch.Tensor
    rows_T: torch.Tensor
    predictors_T: torch.Tensor
    targets_T: torch.Tensor
    choices_T: torch.Tensor
    counts_B: list[int]
    labels_B: list[int]


def pack(questions: Sequence[Question], tokenizer: PreTrainedTokenizerBase) -> Batch:
    """Return the questions as one batch; context and choice meet as in lm-eval."""
    encoded = [_encode(question, tokenizer) for question in questions]
    longest = max(len(context) + sum(map(len, tails)) for context, tails in encoded)
    size = len(encoded)
    tokens = torch.zeros(size, longest, dtype=torch.long)
    positions = torch.zeros(size, longest, dtype=torch.long)
    mask = torch.eye(longest, dtype=torch.bool).repeat(size, 1, 1)
    scored: list[tuple[int, int, int, int]] = []
    choice = 0
    for row, (context, tails) in enumerate(encoded):
        end = len(context)
        tokens[row, :end] = torch.tensor(context)
        positions[row, :end] = torch.arange(end)
        mask[row, :end, :end] = torch.ones(end, end, dtype=torch.bool).tril()
        start = end
        for tail in tails:
            stop = start + len(tail)
            tokens[row, start:stop] = torch.tensor(tail)
            positions[row, start:stop] = torch.arange(end, end + len(tail))
            mask[row, start:stop, :end] = True
            mask[row, start:stop, start:stop] = torch.ones(len(tail), len(tail)).tril().bool()
            predictors = [end - 1, *range(start, stop - 1)]
            scored += [(row, at, token, choice) for at, token in zip(predictors, tail, strict=True)]
            start, choice = stop, choice + 1
    rows, predictors_T, targets, choices = (
        torch.tensor(part) for part in zip(*scored, strict=True)
    )
    counts = [len(question.choices) for question in questions]
    labels = [question.label for question in questions]
    return Batch(
        tokens, positions, mask.unsqueeze(1), rows, predictors_T, targets, choices, counts, labels
    )


def choice_scores(model: PreTrainedModel, batch: Batch) -> list[torch.Tensor]:
    """Return for each question the log-likelihood of each choice, in nats."""
    device = model.device
    hidden_BLD = model.model(
        input_ids=batch.tokens_BL.to(device),
        position_ids=batch.positions_BL.to(device),
        attention_mask=_additive(batch.mask_B1LL, model.dtype).to(device),
        use_cache=False,
    ).last_hidden_state
    logits_TV = model.lm_head(hidden_BLD[batch.rows_T, batch.predictors_T]).float()
    targets_T1 = batch.targets_T.to(device).unsqueeze(1)
    scores_T = logits_TV.log_softmax(-1).gather(1, targets_T1).squeeze(1)
    sums = torch.zeros(sum(batch.counts_B), device=device)
    summed = sums.index_add(0, batch.choices_T.to(device), scores_T)
    return list(torch.split(summed, batch.counts_B))


def _additive(mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return torch.zeros_like(mask, dtype=dtype).masked_fill(~mask, torch.finfo(dtype).min)


def _encode(
    question: Question, tokenizer: PreTrainedTokenizerBase
) -> tuple[list[int], list[list[int]]]:
    context: list[int] = tokenizer.encode(question.context)
    whole = [tokenizer.encode(f"{question.context} {choice}") for choice in question.choices]
    return context, [tokens[len(context) :] for tokens in whole]
