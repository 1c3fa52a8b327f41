"""lm-eval's Hugging Face model around a live one, with every request tokenised once."""

import torch
from lm_eval.models.huggingface import HFLM
from transformers import PreTrainedModel, PreTrainedTokenizerBase


class LiveLM(HFLM):  # type: ignore[misc]
    """An `HFLM` whose model may be exchanged between trials.

    Args:
        model: A causal LM.
        tokenizer: Its tokenizer.
        batch_size: Rows in one forward pass, ≥ 1.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, batch_size: int
    ) -> None:
        super().__init__(pretrained=model, tokenizer=tokenizer, batch_size=batch_size)
        self._pairs: dict[tuple[str, str], tuple[list[int], list[int]]] = {}

    def follow(self, model: PreTrainedModel) -> None:
        """Score this model from now on; same architecture and vocabulary."""
        self._model = model
        self._config = model.config
        self._device = torch.device(model.device)

    def _encode_pair(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        pair = (context, continuation)
        if pair not in self._pairs:
            self._pairs[pair] = super()._encode_pair(context, continuation)
        first, second = self._pairs[pair]
        return list(first), list(second)
