"""What of a task's requests is right, read from lm-eval's task: the terms of its losses."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

from evomerge.evaluate.losses import Term
from evomerge.evaluate.tasks import LoadedTask

Terms = tuple[Term, ...]

_LENGTHS: Mapping[str, Callable[[str], int]] = {
    "acc_norm": len,
    "acc_bytes": lambda text: len(text.encode()),
}
"""Metric → length of a choice that a log-likelihood is divided by before choices are compared."""

_CHOOSING = frozenset(
    {"acc", "acc_norm", "acc_bytes", "exact_match", "f1", "mcc", "brier_score", "likelihood"}
)
"""Metrics that lm-eval makes of the log-likelihoods of choices."""

_COMPARING = frozenset(
    {"exact_match", "em", "acc", "f1", "bleu", "sacrebleu", "chrf", "ter", "wer", "cer", "meteor"}
    | {"bertscore", "rouge", "rouge1", "rouge2", "rougeL", "rougeLsum"}
)
"""Metrics that compare an answer with the target text; of others, such as those that run it as a
program, nobody knows whether the target is an answer at all."""


def why_no_loss(loaded: LoadedTask) -> str | None:
    """Return why a task's documents have no loss, in plain words; None where they have one.

    Args:
        loaded: The task.
    """
    task = loaded.task
    own = type(task).process_results, type(task).construct_requests
    if own != (ConfigurableTask.process_results, ConfigurableTask.construct_requests):
        return "it is a Python task, which makes its requests in its own way"
    if task.config.doc_to_image or task.config.doc_to_audio:
        return "it asks about more than text"
    if (task.config.repeats or 1) > 1 and task.OUTPUT_TYPE != "generate_until":
        return "it asks each question several times"
    if task.OUTPUT_TYPE == "generate_until":
        return _why_no_target(loaded)
    if task.OUTPUT_TYPE != "multiple_choice":
        return None
    if callable(task.config.process_results):
        return "it reads the answers to its choices in its own way (process_results)"
    if loaded.metric not in _CHOOSING:
        return f"no loss is known that follows {loaded.metric}"
    return None


def without_loss(tasks: Iterable[LoadedTask]) -> dict[str, str]:
    """Return the tasks whose documents have no loss, each with the reason in plain words."""
    reasons = {loaded.settings.task: why_no_loss(loaded) for loaded in tasks}
    return {task: reason for task, reason in reasons.items() if reason is not None}


def _why_no_target(loaded: LoadedTask) -> str | None:
    """Return why the target of a task that generates is no answer to make likelier, or None."""
    config = loaded.task.config
    if isinstance(config.doc_to_target, int) and config.doc_to_choice is None:
        return "its target is a number, no text"
    if callable(config.process_results):
        return "it reads its answers in its own way (process_results)"
    if loaded.metric not in _COMPARING:
        return f"{loaded.metric} does not compare an answer with the target text"
    return None


def choice_terms(loaded: LoadedTask, own: Sequence[Instance], first: int) -> Terms:
    """Return the loss of a document with choices: -log of a softmax at the right one.

    For `acc_norm` and `acc_bytes` each log-likelihood is divided by its choice's length, as
    lm-eval does, and multiplied by the mean length of the document's choices, so that choices of
    equal length give the loss that `acc` has.

    Args:
        loaded: The task.
        own: The document's requests, in the order of its choices.
        first: Index of the first of them.
    """
    task, document = loaded.task, own[0].doc
    choices = task.doc_to_choice(document)
    label: Any = task.doc_to_target(document)
    if task.multiple_input:  # there choices stand before what is asked for
        label = task.doc_to_text(document)
    right = _positions(label, choices)
    if not right or len(own) < len(choices):
        return ()
    lengths = [max(1, _LENGTHS.get(loaded.metric, _one)(choice)) for choice in choices]
    mean = sum(lengths) / len(lengths)
    asked = tuple(range(first, first + len(choices)))
    return (Term(asked, tuple(mean / length for length in lengths), right, compared=True),)


def target_requests(loaded: LoadedTask, asked: Instance, chat_template: bool) -> list[Instance]:
    """Return requests for the texts that answer a document of a task that generates.

    Args:
        loaded: The task.
        asked: Its request to generate; its context is theirs.
        chat_template: Whether that was made with the chat template.
    """
    task, document = loaded.task, asked.doc
    target = task.doc_to_target(document)
    if task.config.doc_to_choice is not None:
        target = task.doc_to_choice(document)[target]
    texts = [str(one) for one in (target if isinstance(target, list) else [target])]
    delimiter = _delimiter(loaded, chat_template)
    return [
        Instance("loglikelihood", document, (asked.args[0], delimiter + text), at)
        for at, text in enumerate(dict.fromkeys(filter(None, texts)))
    ]


def _delimiter(loaded: LoadedTask, chat_template: bool) -> str:
    """Return what stands between a context and its continuation, as lm-eval sets it."""
    config = loaded.task.config
    opened = bool(config.gen_prefix) and not config.gen_prefix[-1].isspace()
    return str(config.target_delimiter) if opened or not chat_template else ""


def _one(_: str) -> int:
    return 1


def _positions(label: Any, choices: Sequence[str]) -> tuple[int, ...]:
    """Return which choices are right; none where a label names no choice, as in lm-eval."""
    labels: Iterable[Any] = label if isinstance(label, list) else [label]
    found = [
        choices.index(one) if isinstance(one, str) and one in choices else one for one in labels
    ]
    known = range(len(choices))
    return tuple(dict.fromkeys(one for one in found if isinstance(one, int) and one in known))
