"""lm-eval where its private names are needed: a model that is exchanged, filters of a task."""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from lm_eval.api.instance import Instance
from lm_eval.api.task import Task
from lm_eval.models.huggingface import HFLM
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from evomerge.evaluate.packing.packable import packable
from evomerge.evaluate.packing.passes import answer
from evomerge.evaluate.packing.plan import Pass, Request, plan_passes
from evomerge.evaluate.packing.tries import ROWS

_Asked = list[tuple[tuple[str, str], list[int], list[int]]]


class LiveLM(HFLM):  # type: ignore[misc]
    """An `HFLM` whose model may be exchanged between trials.

    Args:
        model: A causal LM.
        tokenizer: Its tokenizer.
        batch_size: Rows in one forward pass, ≥ 1, in lm-eval's own batches; or `auto`, where
            log-likelihoods come from packed rows if the model allows it.
        shrink: What batches are divided by, ≥ 1.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        batch_size: int | Literal["auto"],
        shrink: int = 1,
    ) -> None:
        rows = ROWS if batch_size == "auto" else batch_size
        super().__init__(pretrained=model, tokenizer=tokenizer, batch_size=max(1, rows // shrink))
        self._packs, self._shrink = batch_size == "auto", shrink
        self._encoded: dict[tuple[Any, ...], Any] = {}
        self._passes: dict[tuple[Request, ...], list[Pass]] = {}

    def follow(self, model: PreTrainedModel) -> None:
        """Score this model from now on; same architecture and vocabulary."""
        self._model = model
        self._config = model.config
        self._device = torch.device(model.device)

    def tok_encode(self, string: str, *args: Any, **kwargs: Any) -> list[int]:
        """Encode a string, once."""
        key = (string, args, tuple(sorted(kwargs.items())))
        if key not in self._encoded:
            self._encoded[key] = super().tok_encode(string, *args, **kwargs)
        return list(self._encoded[key])

    def _encode_pair(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        key = ("pair", context, continuation)
        if key not in self._encoded:
            self._encoded[key] = super()._encode_pair(context, continuation)
        first, second = self._encoded[key]
        return list(first), list(second)

    def _loglikelihood_tokens(
        self, requests: _Asked, disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[tuple[float, bool]]:
        longest = self.max_length + 1
        asked = tuple(_request(context, more, longest) for _, context, more in requests)
        tokens = max((len(request.tokens) for request in asked), default=0)
        if not self._packs or not asked or not packable(self.model, tokens):
            found: list[tuple[float, bool]] = super()._loglikelihood_tokens(
                requests, disable_tqdm, override_bs
            )
            return found
        if asked not in self._passes:
            self._passes[asked] = plan_passes(asked, self.model, self._shrink)
        answers: dict[int, tuple[float, bool]] = {}
        for one in self._passes[asked]:
            answers |= answer(self.model, one)
        return [answers[index] for index in range(len(asked))]


def filter_names(task: Task) -> list[str]:
    """Return the names of a task's filters, in order."""
    return [str(ensemble.name) for ensemble in task._filters]


def apply_filters(task: Task, instances: Sequence[Instance]) -> None:
    """Let a task's filters read the answers of these instances."""
    task._instances = list(instances)
    task.apply_filters()


def _request(context: list[int], continuation: list[int], longest: int) -> Request:
    """Cut from the left what is too long, as `HFLM` does."""
    whole = (context + continuation)[-longest:]
    return Request(tuple(whole[:-1]), tuple(continuation))
