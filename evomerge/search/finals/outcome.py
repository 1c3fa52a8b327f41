"""What a search found, and what that is worth."""

from collections.abc import Mapping
from dataclasses import dataclass

from evomerge.errors import Failure
from evomerge.evaluate.statistics import Gain
from evomerge.search.records.record import ScoredTrial, TrialRecord
from evomerge.settings import Documents


@dataclass(frozen=True)
class Comparison:
    """The winner and its best opponent of a kind, document by document.

    Args:
        gain: Winner minus opponent.
        smallest_difference: The smallest gain that this many documents can show; NaN where that
            is unknown.
    """

    gain: Gain
    smallest_difference: float


@dataclass(frozen=True)
class Judgement:
    """The winner on documents that no choice has seen.

    Args:
        winner: The winner as it was scored there.
        over_parent: Compared with the outcome's best parent; None where there is none.
        over_blend: Compared with the outcome's best blend; None where there is none.
        warnings: Plain sentences on signs that the winner's scores could be a lie.
    """

    winner: ScoredTrial
    over_parent: Comparison | None
    over_blend: Comparison | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """The end of a search: the winner, and how it compares.

    Args:
        winner: The best recipe, as it was scored on the documents that chose it.
        finalists: The recipes it was chosen from, best first on the quick documents, as
            scored there.
        confirmed: The finalists on the confirm documents; empty where there are none.
        held_out: Winner, base, parents and fixed blends on the held-out documents, in this
            order, failures included; after a winner that is a fixed blend, the best sampled
            recipe; empty where there are none.
        best_parent: The base or parent that is best on the held-out documents themselves, which
            can only make the search look worse; None where none could be scored there.
        best_blend: The fixed blend that is, likewise.
        judgement: The winner on the held-out documents; None where there are none, or where it
            could not be scored on them.
        verdict: One plain sentence.
        n_recipes: Distinct recipes scored on the quick documents.
        failures: Named failure → trials that it ended, of all stages.
        front: The recipes, generation 0's among them, that no other one beats on every task, on
            the quick documents; only for the objective `pareto`.
    """

    winner: ScoredTrial
    finalists: tuple[ScoredTrial, ...]
    confirmed: tuple[TrialRecord, ...]
    held_out: tuple[TrialRecord, ...]
    best_parent: ScoredTrial | None
    best_blend: ScoredTrial | None
    judgement: Judgement | None
    verdict: str
    n_recipes: int
    failures: Mapping[Failure, int]
    front: tuple[ScoredTrial, ...] = ()

    @property
    def chosen_on(self) -> Documents:
        """The documents that chose the winner: `confirm`, or `quick` where there are none."""
        return self.winner.documents

    @property
    def n_failed(self) -> int:
        """Trials that failed, of all stages."""
        return sum(self.failures.values())
