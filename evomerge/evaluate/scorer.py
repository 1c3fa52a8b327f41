"""Score a live model: tasks, requests and tokens are built once, a trial costs forward passes."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from evomerge.evaluate.answers import answer_guards, ask_all, ask_and_differentiate, collect
from evomerge.evaluate.gradients import Gradients, differentiable
from evomerge.evaluate.harness import LiveLM
from evomerge.evaluate.requests import Requests, build_requests
from evomerge.evaluate.scores import Scores, TaskScore
from evomerge.evaluate.splits import split_tasks
from evomerge.evaluate.tasks import load_tasks
from evomerge.settings import Documents, EvaluateSettings, Objective

_GENERATION_SEED = 1234


class Scorer:
    """Scores models on the tasks of a space. Not thread-safe.

    Args:
        settings: Tasks and documents.
        objective: What a gradient is taken for; see `objective.total_loss`.

    Raises:
        InputError: An unknown task or metric, data that cannot be read, too few documents.
    """

    def __init__(self, settings: EvaluateSettings, objective: Objective = "mean") -> None:
        self._settings, self._objective = settings, objective
        self._tasks = load_tasks(settings)
        self._splits = split_tasks(self._tasks, settings)
        self._requests: dict[tuple[Documents, str, int], Requests] = {}
        self._tokenizer: PreTrainedTokenizerBase | None = None
        self._lm: LiveLM | None = None

    def release(self) -> None:
        """Let go of the model that was scored last, and of what was planned for it."""
        self._lm = None

    def documents(self, documents: Documents) -> Mapping[str, tuple[int, ...]]:
        """Return the ids of a set of documents, by task, ascending."""
        return {task: split[documents] for task, split in self._splits.items()}

    def score(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        documents: Documents = "quick",
        shrink: int = 1,
        *,
        gradients: Gradients | None = None,
    ) -> Scores:
        """Score a model on one set of documents.

        The same model gives the same scores whatever was scored before: requests, their order
        and the batches they form never change. Values are those of `lm_eval.simple_evaluate` on
        the same documents: bit for bit with the same batch size, and up to the rounding of
        other batches with `auto`.

        Args:
            model: A causal LM in evaluation mode; its device is used.
            tokenizer: Its tokenizer.
            documents: The set to score on.
            shrink: What batches are divided by, ≥ 1, where memory is short.
            gradients: Takes the gradient of the documents' total loss by the model's weights. The
                scores are the same, bit for bit; tasks that generate have their losses beside.

        Raises:
            TrialError: `OUT_OF_MEMORY`; `SCORE_FAILED` where the model's outputs are no numbers;
                `NO_GRADIENT` where a gradient is wanted and no document has a loss.
            InputError: A task's templates do not fit its documents.
        """
        lm = self._live(model, tokenizer, shrink)
        requests = self._build(lm, documents)
        requests.clear()
        with torch.random.fork_rng():  # tasks that sample their answers draw the same each time
            torch.manual_seed(_GENERATION_SEED)
            if gradients is None:
                ask_all(lm, requests)
            else:
                backward = requests.plan.backward(self._settings.tasks, self._objective)
                with differentiable(model, gradients):
                    ask_and_differentiate(lm, requests, backward)
        losses = requests.plan.by_task(requests.by_type)
        scores: list[TaskScore] = []
        signs: dict[str, float] = {}
        for loaded in self._tasks:
            name = loaded.settings.task
            score = collect(loaded, requests.by_task[name], self._splits[name][documents])
            scores.append(replace(score, losses=losses.get(name)))
            if loaded.task.OUTPUT_TYPE == "generate_until":
                signs |= answer_guards(lm, loaded, requests.by_task[name])
        return Scores(documents, tuple(scores), signs)

    def _live(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, shrink: int
    ) -> LiveLM:
        if self._tokenizer is not tokenizer:
            self._tokenizer, self._lm = tokenizer, None
            self._requests.clear()
        if shrink > 1:
            return LiveLM(model, tokenizer, self._settings.batch_size, shrink)
        if self._lm is None:
            self._lm = LiveLM(model, tokenizer, self._settings.batch_size)
        self._lm.follow(model)
        return self._lm

    def _build(self, lm: LiveLM, documents: Documents) -> Requests:
        chat = self._settings.chat_template
        key = (documents, lm.tokenizer_name if chat else "", lm.max_length)
        if key not in self._requests:
            self._requests[key] = build_requests(self._tasks, self.documents(documents), lm, chat)
        return self._requests[key]
