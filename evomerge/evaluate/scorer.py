"""Score a live model: tasks, requests and tokens are built once, a trial costs forward passes."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jinja2
import torch
from lm_eval.api.instance import Instance
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from evomerge.errors import Failure, InputError, TrialError, is_out_of_memory
from evomerge.evaluate.documents import Split, split_documents
from evomerge.evaluate.guards import guards
from evomerge.evaluate.live_lm import LiveLM
from evomerge.evaluate.scores import Scores, TaskScore
from evomerge.evaluate.tasks import LoadedTask, load_tasks
from evomerge.settings import Documents, EvaluateSettings

_GENERATION_SEED = 1234
_LIMITS = ("max_gen_toks", "max_new_tokens", "max_completion_tokens", "max_tokens")
_FEWSHOT_SEED = 1234  # lm-eval's own default, so that scores are those of simple_evaluate


@dataclass
class _Prepared:
    """The requests of one set of documents: by task, and by type as lm-eval sends them."""

    by_task: dict[str, list[Instance]] = field(default_factory=dict)
    by_type: dict[str, list[Instance]] = field(default_factory=lambda: defaultdict(list))


class Scorer:
    """Scores models on the tasks of a space. Not thread-safe.

    Args:
        settings: Tasks and documents.

    Raises:
        InputError: An unknown task or metric, data that cannot be read, too few documents.
    """

    def __init__(self, settings: EvaluateSettings) -> None:
        self._settings = settings
        self._tasks = load_tasks(settings)
        self._splits: dict[str, Split] = {
            loaded.settings.task: split_documents(
                name, len(loaded.task.eval_docs), settings, _groups(loaded)
            )
            for loaded, name in zip(self._tasks, _split_names(self._tasks), strict=True)
        }
        self._prepared: dict[tuple[Documents, str], _Prepared] = {}
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

        Raises:
            TrialError: `OUT_OF_MEMORY`; `SCORE_FAILED` where the model's outputs are no numbers.
            InputError: A task's templates do not fit its documents.
        """
        lm = self._live(model, tokenizer, shrink)
        prepared = self._prepare(lm, documents)
        for instance in (i for instances in prepared.by_task.values() for i in instances):
            instance.resps.clear()
            instance.filtered_resps.clear()
        with torch.random.fork_rng():  # tasks that sample their answers draw the same each time
            torch.manual_seed(_GENERATION_SEED)
            for kind, instances in prepared.by_type.items():
                self._answer(lm, kind, instances)
        scores: list[TaskScore] = []
        signs: dict[str, float] = {}
        for loaded in self._tasks:
            instances = prepared.by_task[loaded.settings.task]
            scores.append(self._collect(loaded, instances, documents))
            if loaded.task.OUTPUT_TYPE == "generate_until":
                signs |= _guards(lm, loaded, instances)
        return Scores(documents, tuple(scores), signs)

    def _live(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, shrink: int
    ) -> LiveLM:
        if self._tokenizer is not tokenizer:
            self._tokenizer, self._lm = tokenizer, None
            self._prepared.clear()
        if shrink > 1:
            return LiveLM(model, tokenizer, self._settings.batch_size, shrink)
        if self._lm is None:
            self._lm = LiveLM(model, tokenizer, self._settings.batch_size)
        self._lm.follow(model)
        return self._lm

    def _prepare(self, lm: LiveLM, documents: Documents) -> _Prepared:
        key = (documents, lm.tokenizer_name if self._settings.chat_template else "")
        if key in self._prepared:
            return self._prepared[key]
        chat = self._settings.chat_template
        prepared = _Prepared()
        for loaded in self._tasks:
            name, task = loaded.settings.task, loaded.task
            task.set_fewshot_seed(_FEWSHOT_SEED)
            try:
                task.build_all_requests(
                    samples=list(self._splits[name][documents]),
                    apply_chat_template=chat,
                    chat_template=lm.apply_chat_template if chat else None,
                    tokenizer_name=lm.tokenizer_name if chat else "",
                )
            except (jinja2.TemplateError, KeyError, ValueError, TypeError, IndexError) as error:
                raise InputError(
                    f"its templates do not fit its documents: {type(error).__name__}: {error}",
                    where=f"task {name}",
                ) from None
            prepared.by_task[name] = task.instances
            for instance in task.instances:
                prepared.by_type[instance.request_type].append(instance)
        self._prepared[key] = prepared
        return prepared

    def _answer(self, lm: LiveLM, kind: str, instances: list[Instance]) -> None:
        requests = [i for i in instances for _ in range(i.repeats or 1)]
        try:
            answers = getattr(lm, kind)(requests, disable_tqdm=True)
        except (RuntimeError, MemoryError) as error:
            # torch's: no memory, or such as sampling from what is no distribution
            short = is_out_of_memory(error)
            failure = Failure.OUT_OF_MEMORY if short else Failure.SCORE_FAILED
            raise TrialError(failure, f"while scoring: {error}") from error
        for answer, request in zip(answers, requests, strict=True):
            value = answer[0] if isinstance(answer, tuple) else answer
            if isinstance(value, float) and math.isnan(value):
                raise TrialError(Failure.SCORE_FAILED, "the model's outputs are not numbers")
            request.resps.append(answer)

    def _collect(
        self, loaded: LoadedTask, instances: list[Instance], documents: Documents
    ) -> TaskScore:
        """Let the task make metrics of the answers, document by document."""
        task, ids = loaded.task, self._splits[loaded.settings.task][documents]
        task._instances = instances
        task.apply_filters()
        by_document: dict[int, list[Instance]] = defaultdict(list)
        for instance in instances:
            assert instance.doc_id is not None
            by_document[instance.doc_id].append(instance)
        items: list[Any] = []
        for position in range(len(ids)):
            own = sorted(by_document[position], key=lambda instance: instance.idx)
            answers = [instance.filtered_resps[loaded.filter] for instance in own]
            items.append(task.process_results(own[0].doc, answers)[loaded.metric])
        value = float(task.aggregation()[loaded.metric](items))
        return TaskScore(
            task=loaded.settings.task,
            metric=loaded.settings.metric,
            value=value,
            doc_ids=ids,
            per_doc=_own_values(items, value),
            higher_is_better=loaded.higher_is_better,
        )


def _own_values(items: Sequence[Any], value: float) -> tuple[float, ...]:
    """Each document's own value; NaN where the metric of the whole set is not their mean."""
    own = tuple(float(i) if isinstance(i, int | float) else math.nan for i in items)
    is_mean = math.isclose(sum(own) / len(own), value, rel_tol=1e-6, abs_tol=1e-9)
    return own if is_mean else (math.nan,) * len(own)


def _groups(loaded: LoadedTask) -> list[Any] | None:
    """The group of each document, where the task's `metadata` names a `group_field`."""
    field_name = (loaded.task.config.metadata or {}).get("group_field")
    return [doc[field_name] for doc in loaded.task.eval_docs] if field_name else None


def _guards(lm: LiveLM, loaded: LoadedTask, instances: list[Instance]) -> dict[str, float]:
    answers = [str(instance.resps[0]) for instance in instances]
    extracted = [instance.filtered_resps[loaded.filter] for instance in instances]
    truncated = [
        len(lm.tok_encode(answer, add_special_tokens=False)) >= _limit(lm, instance.args[1])
        for answer, instance in zip(answers, instances, strict=True)
    ]
    shares = guards(answers, extracted, truncated)
    return {f"{loaded.settings.task}/{name}": share for name, share in shares.items()}


def _limit(lm: LiveLM, settings: Mapping[str, Any]) -> int:
    """Return how many tokens an answer may have, by any of the names that lm-eval takes."""
    named = [settings[name] for name in _LIMITS if settings.get(name) is not None]
    return int(named[0]) if named else int(lm.max_gen_toks)


def _split_names(tasks: Sequence[LoadedTask]) -> list[str]:
    """Return for each task the name by which its documents are drawn.

    Tasks on the same documents share the name of the first, and so their three sets: else what
    one holds out could steer the search through another.
    """
    first: dict[str, str] = {}
    names = []
    for loaded in tasks:
        config = loaded.task.config
        parts = [config.dataset_path, config.dataset_name, config.dataset_kwargs]
        parts.append(config.process_docs)
        key = repr([*parts, config.test_split or config.validation_split])
        key += str(len(loaded.task.eval_docs))
        names.append(first.setdefault(key, loaded.settings.task))
    return names
