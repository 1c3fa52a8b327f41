"""How wrong a model is about each document: smooth functions of log-likelihoods. Pure numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_DIGITS = 6


@dataclass(frozen=True)
class Term:
    """One term of a document's loss.

    With z = log-likelihood × scale of each request, it is -log Σ exp z over the right ones, and
    where requests are compared + log Σ exp z over all: the negative log of the share that a
    softmax gives to what is right.

    Args:
        asked: Indices of the requests, length c ≥ 1.
        scales: What each log-likelihood is multiplied by, length c.
        right: Positions among `asked` that are right, at least one.
        compared: Whether the requests are choices of which one is taken.
    """

    asked: tuple[int, ...]
    scales: tuple[float, ...]
    right: tuple[int, ...]
    compared: bool


class Losses:
    """The losses of documents, as functions of the log-likelihoods of all requests.

    Args:
        documents: The terms of each document's loss, length d; one without terms has no loss.
        requests: How many requests there are, n.
    """

    def __init__(self, documents: Sequence[Sequence[Term]], requests: int) -> None:
        terms = [(at, term) for at, document in enumerate(documents) for term in document]
        shape = len(terms), max((len(term.asked) for _, term in terms), default=1)
        self._documents, self.requests = len(documents), requests
        self._document = np.array([at for at, _ in terms], dtype=np.intp)
        self._compared = np.array([term.compared for _, term in terms], dtype=np.bool_)
        self._asked, self._scales = np.zeros(shape, np.intp), np.zeros(shape)
        self._there, self._right = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        for row, (_, term) in enumerate(terms):
            count = len(term.asked)
            self._asked[row, :count], self._scales[row, :count] = term.asked, term.scales
            self._there[row, :count] = True
            self._right[row, list(term.right)] = True
        self._has = np.bincount(self._document, minlength=len(documents)) > 0

    def groups(self) -> list[np.ndarray]:
        """Return the requests that are compared with each other, one array of indices a term."""
        choices = np.flatnonzero(self._there.sum(axis=1) > 1)
        return [self._asked[row][self._there[row]] for row in choices]

    def values(self, likelihoods: np.ndarray) -> np.ndarray:
        """Return the loss of each document, in nats, [d]; NaN where it has none.

        Args:
            likelihoods: Log-likelihood of each request, [n].
        """
        _, every, right = self._sums(likelihoods)
        found = np.bincount(self._document, every - right, minlength=self._documents)
        return np.where(self._has, found, np.nan)

    def slopes(self, likelihoods: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the derivative of the weighted sum of losses by each log-likelihood, [n].

        Args:
            likelihoods: Log-likelihood of each request, [n]. Those of documents that are not
                complete give slopes that mean nothing, for requests of that document alone.
            weights: Weight of each document, [d].
        """
        scaled, every, right = self._sums(likelihoods)
        shares = np.exp(scaled - every[:, None]) * (self._there & self._compared[:, None])
        wanted = np.exp(scaled - right[:, None]) * self._right
        pulls = (shares - wanted) * self._scales * weights[self._document][:, None]
        found = np.zeros(self.requests)
        np.add.at(found, self._asked[self._there], pulls[self._there])
        return found

    def _sums(self, likelihoods: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return scaled log-likelihoods [r, c], and log Σ exp over all and the right ones, [r]."""
        scaled = likelihoods[self._asked] * self._scales
        with np.errstate(invalid="ignore"):  # what was not asked is not a number
            every = np.logaddexp.reduce(np.where(self._there, scaled, -np.inf), axis=1)
            right = np.logaddexp.reduce(np.where(self._right, scaled, -np.inf), axis=1)
        return scaled, np.where(self._compared, every, 0.0), right


def rounded(losses: np.ndarray) -> tuple[float, ...]:
    """Return losses with as many digits as are worth keeping."""
    return tuple(float(f"{loss:.{_DIGITS}g}") for loss in losses.tolist())
