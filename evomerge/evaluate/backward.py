"""What each log-likelihood weighs in the loss of a trial: where backward passes begin."""

from collections.abc import Mapping, Sequence

import numpy as np

from evomerge.evaluate.losses import Losses
from evomerge.evaluate.objective import loss_shares
from evomerge.settings import Objective, TaskSettings


class Backward:
    """Turns log-likelihoods, as they come in, into the derivatives of the total loss by them.

    Args:
        losses: The losses of all documents.
        documents: Task → its documents among them; only tasks that have a loss.
        tasks: The space's tasks, with their weights.
        kind: The objective; see `objective.total_loss`.
    """

    def __init__(
        self,
        losses: Losses,
        documents: Mapping[str, slice],
        tasks: Sequence[TaskSettings],
        kind: Objective,
    ) -> None:
        self._losses, self._documents = losses, documents
        self._tasks, self._kind = tasks, kind
        self._likelihoods = np.zeros(losses.requests)
        self._known = np.zeros(losses.requests, np.bool_)
        self._groups = losses.groups()
        self._weights = self._weighed()

    @property
    def needs_all(self) -> bool:
        """Whether one document's weight hangs on the losses of all: `min` takes the worst task."""
        return self._kind == "min"

    def know(self, places: np.ndarray, likelihoods: np.ndarray) -> None:
        """Take log-likelihoods, before or beside a backward pass.

        Args:
            places: Where they stand in the plan, [k].
            likelihoods: [k].
        """
        self._likelihoods[places], self._known[places] = likelihoods, True

    def know_all(self, likelihoods: np.ndarray) -> None:
        """Take all log-likelihoods; what documents weigh is settled by them.

        Args:
            likelihoods: [n].
        """
        self.know(np.arange(len(likelihoods)), likelihoods)
        self._weights = self._weighed()

    def knows(self, places: np.ndarray) -> bool:
        """Whether all of these log-likelihoods are known."""
        return bool(self._known[places].all())

    def early(self, passes: Sequence[np.ndarray]) -> np.ndarray:
        """Return what must be known before some passes run, one after the other.

        A document's loss compares log-likelihoods; where those lie in several passes, the first
        of these passes has to know what the later ones will say.

        Args:
            passes: Places of the log-likelihoods that each pass gives.

        Returns:
            Places, ascending; without those known already.
        """
        at = np.full(len(self._known), -1)
        for index, places in enumerate(passes):
            at[places] = index
        late = [
            group[(at[group] > at[group].min()) & ~self._known[group]] for group in self._groups
        ]
        return np.unique(np.concatenate(late)) if late else np.zeros(0, np.intp)

    def slopes(self, places: np.ndarray) -> np.ndarray:
        """Return the derivative of the total loss by these log-likelihoods, [k]."""
        every = self._losses.slopes(self._likelihoods, self._weights)
        own: np.ndarray = every[places]
        return own

    def _weighed(self) -> np.ndarray:
        """Return what each document's loss weighs in the total, [d]."""
        values = self._losses.values(self._likelihoods)
        there = {task: ~np.isnan(values[own]) for task, own in self._documents.items()}
        means = {
            task: float(values[own][there[task]].mean())
            for task, own in self._documents.items()
            if there[task].any()
        }
        weights = np.zeros(len(values))
        for task, share in loss_shares(means, self._tasks, self._kind).items():
            weights[self._documents[task]] = share * there[task] / there[task].sum()
        return weights
