"""lm-eval where its private names are needed: a model that is exchanged, filters of a task."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import torch
from lm_eval.api.instance import Instance
from lm_eval.api.task import Task
from lm_eval.models.huggingface import HFLM
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from evomerge.evaluate.backward import Backward
from evomerge.evaluate.packing.checkpointing import must_recompute
from evomerge.evaluate.packing.packable import packable
from evomerge.evaluate.packing.passes import Answers, answer, differentiate, likelihoods
from evomerge.evaluate.packing.plan import Pass, Request, plan_passes
from evomerge.evaluate.packing.tries import ROWS

_Asking = tuple[Request, ...]
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
        self._passes: dict[_Asking, list[Pass]] = {}
        self._backward: Backward | None = None
        self._next = 0

    def follow(self, model: PreTrainedModel) -> None:
        """Score this model from now on; same architecture and vocabulary."""
        self._model = model
        self._config = model.config
        self._device = torch.device(model.device)

    @contextmanager
    def differentiating(self, backward: Backward, first: int) -> Iterator[None]:
        """Differentiate the loss of the log-likelihoods that are asked for in the block.

        The answers stay what they are without, bit for bit. Packed passes are run once, with
        their backward pass; what lm-eval's own batches answer is run again in passes of its own.

        Args:
            backward: Says what each log-likelihood weighs.
            first: Place of the first one that will be asked for; the others follow it.
        """
        self._backward, self._next = backward, first
        try:
            yield
        finally:
            self._backward = None

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

    def continuation_tokens(self, context: str, continuation: str) -> int:
        """Return how many tokens of a request's are asked for, as `loglikelihood` cuts them."""
        if not context:
            tokens = self.tok_encode(continuation, add_special_tokens=False)
            return len(tokens) - (tokens[:1] == [self.prefix_token_id])
        return len(self._encode_pair(context, continuation)[1])

    def _loglikelihood_tokens(
        self, requests: _Asked, disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[tuple[float, bool]]:
        longest = self.max_length + 1
        asked = tuple(_request(context, more, longest) for _, context, more in requests)
        tokens = max((len(request.tokens) for request in asked), default=0)
        packed = bool(asked) and packable(self.model, tokens)
        places = np.arange(self._next, self._next + len(asked))
        self._next += len(asked)
        if packed and self._packs:
            answers = self._differentiate(asked, places) if self._backward else self._answer(asked)
            return [answers[index] for index in range(len(asked))]
        found: list[tuple[float, bool]]
        if self._backward and self._backward.knows(places):
            found = [(0.0, False)] * len(asked)  # asked again, for the backward passes alone
        else:
            found = super()._loglikelihood_tokens(requests, disable_tqdm, override_bs)
            if self._backward:
                self._backward.know(places, np.array([likelihood for likelihood, _ in found]))
        if self._backward and asked:
            self._differentiate(asked, places, packed)
        return found

    def _answer(self, asked: _Asking) -> Answers:
        return {
            index: found
            for one in self._planned(asked)
            for index, found in answer(self.model, one).items()
        }

    def _differentiate(self, asked: _Asking, places: np.ndarray, packed: bool = True) -> Answers:
        """Run the passes for requests forwards and backwards.

        Args:
            asked: The requests.
            places: Where they stand among all, ascending.
            packed: Whether rows may hold several sequences.
        """
        backward = self._backward
        assert backward is not None

        def slopes(requests: list[int], likelihoods: np.ndarray) -> np.ndarray:
            own = places[requests]
            backward.know(own, likelihoods)
            return backward.slopes(own)

        passes = self._planned(asked, packed)
        early = backward.early([places[one.requests] for one in passes])
        for one in self._planned(tuple(asked[place - places[0]] for place in early), packed):
            backward.know(early[one.requests], likelihoods(self.model, one))
        answers: Answers = {}
        for one in passes:
            again = must_recompute(self.model, one.tokens.numel())
            answers |= differentiate(self.model, one, slopes, again)
        return answers

    def _planned(self, asked: _Asking, packed: bool = True) -> list[Pass]:
        if not asked:
            return []
        if asked not in self._passes:
            self._passes[asked] = plan_passes(asked, self.model, self._shrink, packed)
        return self._passes[asked]


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
