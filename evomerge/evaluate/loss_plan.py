"""Which requests make the loss of each document; built once, together with the requests."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from lm_eval.utils import get_rolling_token_windows

from evomerge.evaluate.backward import Backward
from evomerge.evaluate.losses import Losses, Term, rounded
from evomerge.evaluate.targets import Terms, choice_terms, target_requests, why_no_loss
from evomerge.evaluate.tasks import LoadedTask
from evomerge.settings import Objective, TaskSettings

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
        windows: For each rolling request the place of its first window.
        targets: Requests for target texts, which are answered only where a gradient is wanted.
    """

    losses: Losses
    documents: Mapping[str, slice]
    firsts: Mapping[str, int]
    windows: Sequence[int]
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
            given = [one.resps[0][0] if one.resps else np.nan for one in own]
            found[first : first + len(own)] = given
        found[self.firsts["loglikelihood_rolling"] : self.firsts[TARGETS]] = 0.0
        for first, one in zip(self.windows, by_type.get("loglikelihood_rolling", ()), strict=True):
            found[first] = one.resps[0] if one.resps else np.nan
        return found

    def clear(self) -> None:
        """Forget the answers of the last model."""
        for one in self.targets:
            one.resps.clear()


def plan_losses(
    tasks: Sequence[LoadedTask],
    by_task: Mapping[str, Sequence[Instance]],
    by_type: Mapping[str, Sequence[Instance]],
    lm: HFLM,
    chat_template: bool,
) -> LossPlan:
    """Return what the losses of some documents are made of.

    Args:
        tasks: The tasks.
        by_task: Task → its requests, in the order of its documents.
        by_type: Type of request → those of all tasks.
        lm: Gives the tokenizer, and how long a window is.
        chat_template: Whether requests were made with it.
    """
    asked = by_type.get("loglikelihood", ())
    place = {id(one): at for at, one in enumerate(asked)}
    rolled = _roll(by_type.get("loglikelihood_rolling", ()), lm, len(asked))
    windows = [one.asked[0] for terms in rolled.values() for one in terms[:1]]
    end = len(asked) + sum(map(len, rolled.values()))
    targets: list[Instance] = []
    documents: list[Terms] = []
    places: dict[str, slice] = {}
    for loaded in tasks:
        if why_no_loss(loaded) is not None:
            continue
        first = len(documents)
        for own in _by_document(by_task[loaded.settings.task]):
            match loaded.task.OUTPUT_TYPE:
                case "multiple_choice":
                    documents.append(choice_terms(loaded, own, place[id(own[0])]))
                case "loglikelihood":
                    documents.append((Term((place[id(own[0])],), (1.0,), (0,), compared=False),))
                case "loglikelihood_rolling":
                    documents.append(rolled[id(own[0])])
                case _:
                    texts = target_requests(loaded, own[0], chat_template)
                    documents.append(_any_of(len(texts), end + len(targets)))
                    targets += texts
        places[loaded.settings.task] = slice(first, len(documents))
    firsts = {"loglikelihood": 0, "loglikelihood_rolling": len(asked), TARGETS: end}
    return LossPlan(Losses(documents, end + len(targets)), places, firsts, windows, targets)


def _by_document(instances: Sequence[Instance]) -> list[list[Instance]]:
    """Return the requests of each document, in the order of documents and choices."""
    found: dict[int, list[Instance]] = defaultdict(list)
    for one in instances:
        found[one.doc_id].append(one)
    return [sorted(found[position], key=lambda one: int(one.idx)) for position in sorted(found)]


def _roll(instances: Sequence[Instance], lm: HFLM, first: int) -> dict[int, Terms]:
    """Return the losses of texts, a token: of each one that of its windows, as lm-eval cuts it."""
    found: dict[int, Terms] = {}
    for one in instances:
        tokens = lm.tok_encode(one.args[0])
        windows = get_rolling_token_windows(tokens, lm.prefix_token_id, lm.max_length, 1)
        each = (1 / len(tokens),)
        count = sum(1 for _ in windows)
        found[id(one)] = tuple(
            Term((first + at,), each, (0,), compared=False) for at in range(count)
        )
        first += count
    return found


def _any_of(count: int, first: int) -> Terms:
    """Return the loss of a document that any of some texts answers; none where there are none."""
    if not count:
        return ()
    asked = tuple(range(first, first + count))
    return (Term(asked, (1.0,) * count, tuple(range(count)), compared=False),)
