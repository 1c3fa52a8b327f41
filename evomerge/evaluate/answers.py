"""Ask a model, and let each task make its metric of the answers, document by document."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from lm_eval.api.instance import Instance

from evomerge.errors import Failure, TrialError, is_out_of_memory
from evomerge.evaluate.backward import Backward
from evomerge.evaluate.guards import guards
from evomerge.evaluate.harness import LiveLM, apply_filters
from evomerge.evaluate.loss_plan import TARGETS, as_asked
from evomerge.evaluate.requests import Requests
from evomerge.evaluate.scores import TaskScore
from evomerge.evaluate.tasks import LoadedTask

_LIMITS = ("max_gen_toks", "max_new_tokens", "max_completion_tokens", "max_tokens")


def ask_all(lm: LiveLM, requests: Requests) -> None:
    """Have a model answer all requests that its scores are made of; each keeps its answers.

    Raises:
        TrialError: `OUT_OF_MEMORY`; `SCORE_FAILED` where the model's outputs are no numbers.
    """
    for kind, instances in requests.by_type.items():
        _ask(lm, kind, instances)


def ask_and_differentiate(lm: LiveLM, requests: Requests, backward: Backward) -> None:
    """Have a model answer all requests, target texts too, and run backward passes on the way.

    Where one document's weight hangs on all others, all are answered first.

    Args:
        lm: The model; what of its weights requires gradients accumulates them.
        requests: The requests.
        backward: Says what each log-likelihood weighs.

    Raises:
        TrialError: As `ask_all`; `NO_GRADIENT` where no document has a loss.
    """
    plan = requests.plan
    if not plan.documents:
        raise TrialError(Failure.NO_GRADIENT, "no document has a loss")
    if backward.needs_all:
        ask_all(lm, requests)
        _ask(lm, "loglikelihood", plan.targets)
        found = plan.likelihoods(requests.by_type)
        backward.know_all(found)
    else:
        for kind, instances in requests.by_type.items():
            if kind not in plan.firsts:
                _ask(lm, kind, instances)
    own = requests.by_type | {TARGETS: plan.targets}
    for kind, first in plan.firsts.items():
        with lm.differentiating(backward, first):
            asked = "loglikelihood" if kind == TARGETS else kind
            if backward.needs_all:
                _answers(lm, asked, as_asked(own.get(kind, [])))
            else:
                _ask(lm, asked, own.get(kind, []))


def _ask(lm: LiveLM, kind: str, instances: Sequence[Instance]) -> None:
    requests = as_asked(instances)
    for answer, request in zip(_answers(lm, kind, requests), requests, strict=True):
        value = answer[0] if isinstance(answer, tuple) else answer
        if isinstance(value, float) and math.isnan(value):
            raise TrialError(Failure.SCORE_FAILED, "the model's outputs are not numbers")
        request.resps.append(answer)


def _answers(lm: LiveLM, kind: str, requests: Sequence[Instance]) -> list[Any]:
    if not requests:
        return []
    try:
        answers: list[Any] = getattr(lm, kind)(requests, disable_tqdm=True)
    except (RuntimeError, MemoryError) as error:
        # torch's: no memory, or such as sampling from what is no distribution
        short = is_out_of_memory(error)
        failure = Failure.OUT_OF_MEMORY if short else Failure.SCORE_FAILED
        raise TrialError(failure, f"while scoring: {error}") from error
    return answers


def collect(loaded: LoadedTask, instances: Sequence[Instance], doc_ids: Sequence[int]) -> TaskScore:
    """Return a task's score from the answers to its requests.

    Args:
        loaded: The task.
        instances: Its requests, answered.
        doc_ids: Ids of the documents that they ask about, ascending.
    """
    task = loaded.task
    apply_filters(task, instances)
    by_document: dict[int, list[Instance]] = defaultdict(list)
    for instance in instances:
        assert instance.doc_id is not None
        by_document[instance.doc_id].append(instance)
    items: list[Any] = []
    for position in range(len(doc_ids)):
        own = sorted(by_document[position], key=lambda instance: instance.idx)
        answers = [instance.filtered_resps[loaded.filter] for instance in own]
        items.append(task.process_results(own[0].doc, answers)[loaded.metric])
    value = float(task.aggregation()[loaded.metric](items))
    return TaskScore(
        task=loaded.settings.task,
        metric=loaded.settings.metric,
        value=value,
        doc_ids=tuple(doc_ids),
        per_doc=_own_values(items, value),
        higher_is_better=loaded.higher_is_better,
    )


def answer_guards(
    lm: LiveLM, loaded: LoadedTask, instances: Sequence[Instance]
) -> dict[str, float]:
    """Return what could make the score of a task that generates a lie, named `task/guard`.

    Args:
        lm: The model that answered.
        loaded: The task.
        instances: Its requests, answered and read by its filters.
    """
    answers = [str(instance.resps[0]) for instance in instances]
    extracted = [instance.filtered_resps[loaded.filter] for instance in instances]
    truncated = [
        len(lm.tok_encode(answer, add_special_tokens=False)) >= _limit(lm, instance.args[1])
        for answer, instance in zip(answers, instances, strict=True)
    ]
    shares = guards(answers, extracted, truncated)
    return {f"{loaded.settings.task}/{name}": share for name, share in shares.items()}


def _own_values(items: Sequence[Any], value: float) -> tuple[float, ...]:
    """Each document's own value; NaN where the metric of the whole set is not their mean."""
    own = tuple(float(i) if isinstance(i, int | float) else math.nan for i in items)
    is_mean = math.isclose(sum(own) / len(own), value, rel_tol=1e-6, abs_tol=1e-9)
    return own if is_mean else (math.nan,) * len(own)


def _limit(lm: LiveLM, settings: Mapping[str, Any]) -> int:
    """Return how many tokens an answer may have, by any of the names that lm-eval takes."""
    named = [settings[name] for name in _LIMITS if settings.get(name) is not None]
    return int(named[0]) if named else int(lm.max_gen_toks)
