"""Which requests make the loss of each document; built once, together with the requests."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import compress
from typing import Any

import jinja2
import numpy as np
from lm_eval.api.instance import Instance
from lm_eval.utils import get_rolling_token_windows

from evomerge.evaluate.backward import Backward
from evomerge.evaluate.harness import LiveLM
from evomerge.evaluate.losses import Losses, Term, rounded
from evomerge.evaluate.targets import Terms, choice_terms, target_requests, why_no_loss
from evomerge.evaluate.tasks import LoadedTask
from evomerge.settings import Objective, TaskSettings

_UNREADABLE = (jinja2.TemplateError, KeyError, ValueError, TypeError, IndexError, AttributeError)
"""What reading the right answer off a document can raise; the document then has no loss."""

TARGETS = "targets"
"""The requests for the target texts of tasks that generate, beside lm-eval's own types."""


@dataclass(frozen=True)
class LossPlan:
    """What the documents' losses are made of.

    Log-likelihoods stand in one row: those of `loglikelihood`, of the windows of
    `loglikelihood_rolling`, and of `targets`.

    Args:
        losses: The losses, documents task by task.
        documents: Task → its documents among all; only tasks that have a loss.
        firsts: Type of request → place of its first log-likelihood.
        windows: For each rolling request, as often as it is asked, the place of its first window;
            None where the text is empty.
        targets: Requests for target texts, which are answered only where a gradient is wanted.
    """

    losses: Losses
    documents: Mapping[str, slice]
    firsts: Mapping[str, int]
    windows: Sequence[int | None]
    targets: list[Instance]

    def backward(self, tasks: Sequence[TaskSettings], kind: Objective) -> Backward:
        """Return what weighs log-likelihoods in the total loss.

        Args:
            tasks: The space's tasks, with their weights.
            kind: The objective.
        """
        return Backward(self.losses, self.documents, tasks, kind)

    def by_task(self, by_type: Mapping[str, Sequence[Instance]]) -> dict[str, tuple[float, ...]]:
        """Return the documents' losses of each task that has any.

        Args:
            by_type: Type of request → those of all tasks, answered.
        """
        values = self.losses.values(self.likelihoods(by_type))
        own = {task: rounded(values[where]) for task, where in self.documents.items()}
        return {task: found for task, found in own.items() if not all(map(math.isnan, found))}

    def likelihoods(self, by_type: Mapping[str, Sequence[Instance]]) -> np.ndarray:
        """Return the log-likelihoods of answered requests, NaN where one was not asked.

        That of all windows of a rolling request stands at the first of them.

        Args:
            by_type: Type → its requests.
        """
        found = np.full(self.losses.requests, np.nan)
        for kind, first in (("loglikelihood", 0), (TARGETS, self.firsts[TARGETS])):
            own = self.targets if kind == TARGETS else by_type.get(kind, ())
            given = [one[0] if isinstance(one, tuple) else one for one in _answers(own)]
            found[first : first + len(given)] = given
        found[self.firsts["loglikelihood_rolling"] : self.firsts[TARGETS]] = 0.0
        texts = _answers(by_type.get("loglikelihood_rolling", ()))
        for window, answer in zip(self.windows, texts, strict=True):
            if window is not None:
                found[window] = answer
        return found

    def clear(self) -> None:
        """Forget the answers of the last model."""
        for one in self.targets:
            one.resps.clear()


def as_asked(instances: Sequence[Instance]) -> list[Instance]:
    """Return requests in the order in which a model is asked, each as often as it is repeated."""
    return [one for one in instances for _ in range(one.repeats or 1)]


def plan_losses(
    tasks: Sequence[LoadedTask],
    by_task: Mapping[str, Sequence[Instance]],
    by_type: Mapping[str, Sequence[Instance]],
    lm: LiveLM,
    chat_template: bool,
) -> LossPlan:
    """Return what the losses of some documents are made of.

    A document whose right answer cannot be read, or is longer than the model's window, has no
    loss; nor has a task whose documents have none.

    Args:
        tasks: The tasks.
        by_task: Task → its requests, in the order of its documents.
        by_type: Type of request → those of all tasks.
        lm: Gives the tokenizer, and how long a window is.
        chat_template: Whether requests were made with it.
    """
    asked = as_asked(by_type.get("loglikelihood", ()))
    place = {id(one): at for at, one in reversed(list(enumerate(asked)))}
    texts = as_asked(by_type.get("loglikelihood_rolling", ()))
    rolled = _roll(texts, lm, len(asked))
    windows = [terms[0].asked[0] if terms else None for terms in rolled]
    end = len(asked) + sum(map(len, rolled))
    of_text = {id(one): terms for one, terms in zip(texts, rolled, strict=True)}
    targets: list[Instance] = []
    documents: list[Terms] = []
    places: dict[str, slice] = {}
    for loaded in tasks:
        if why_no_loss(loaded) is not None:
            continue
        first = len(documents)
        for own in _by_document(by_task[loaded.settings.task]):
            terms: Terms = ()
            match loaded.task.OUTPUT_TYPE:
                case "multiple_choice":
                    with suppress(*_UNREADABLE):
                        terms = choice_terms(loaded, own, place[id(own[0])])
                case "loglikelihood":
                    terms = (Term((place[id(own[0])],), (1.0,), (0,), compared=False),)
                case "loglikelihood_rolling":
                    terms = of_text[id(own[0])]
                case _:
                    with suppress(*_UNREADABLE):
                        right = target_requests(loaded, own[0], chat_template)
                        lengths = [lm.continuation_tokens(*one.args) for one in right]
                        fits = [0 < length <= lm.max_length for length in lengths]
                        terms = _any_of(list(compress(lengths, fits)), end + len(targets))
                        targets += compress(right, fits)
            documents.append(terms)
        if any(documents[first:]):
            places[loaded.settings.task] = slice(first, len(documents))
    firsts = {"loglikelihood": 0, "loglikelihood_rolling": len(asked), TARGETS: end}
    return LossPlan(Losses(documents, end + len(targets)), places, firsts, windows, targets)


def _by_document(instances: Sequence[Instance]) -> list[list[Instance]]:
    """Return the requests of each document, in the order of documents and choices."""
    found: dict[int, list[Instance]] = defaultdict(list)
    for one in instances:
        found[one.doc_id].append(one)
    return [sorted(found[position], key=lambda one: int(one.idx)) for position in sorted(found)]


def _answers(instances: Sequence[Instance]) -> list[Any]:
    """Return the answers to requests, each as often as it is repeated; NaN where one has none."""
    return [answer for one in instances for answer in (one.resps or [np.nan] * (one.repeats or 1))]


def _roll(instances: Sequence[Instance], lm: LiveLM, first: int) -> list[Terms]:
    """Return the losses of texts, a token: of each one that of its windows, as lm-eval cuts it."""
    found: list[Terms] = []
    for one in instances:
        tokens = lm.tok_encode(one.args[0])
        windows = get_rolling_token_windows(tokens, lm.prefix_token_id, lm.max_length, 1)
        each = (1 / max(1, len(tokens)),)
        count = sum(1 for _ in windows)
        found.append(tuple(Term((first + at,), each, (0,), compared=False) for at in range(count)))
        first += count
    return found


def _any_of(lengths: Sequence[int], first: int) -> Terms:
    """Return the loss, a token, of a document that any of some texts answers.

    Args:
        lengths: Tokens of each text; none where the document has no loss.
        first: Place of the first one's log-likelihood.
    """
    if not lengths:
        return ()
    count = len(lengths)
    scales = tuple(1 / length for length in lengths)
    asked = tuple(range(first, first + count))
    return (Term(asked, scales, tuple(range(count)), compared=False),)
