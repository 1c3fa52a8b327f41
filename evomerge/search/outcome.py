"""What a search found, and what that is worth."""

from dataclasses import dataclass

from evomerge.evaluate.statistics import Gain
from evomerge.search.record import TrialRecord
from evomerge.settings import Documents


@dataclass(frozen=True)
class Outcome:
    """The end of a search: the winner, and how it compares.

    Args:
        winner: The best recipe, as it was scored on the documents that chose it.
        chosen_on: The documents that chose it: `confirm`, or `quick` where there are none.
        finalists: The recipes it was chosen from, best first on the quick documents, as
            scored there.
        confirmed: The finalists on the confirm documents; empty where there are none.
        held_out: Winner, base, parents and fixed blends on the held-out documents, in this
            order, failures included; after a winner that is a fixed blend, the best sampled
            recipe; empty where there are none.
        best_parent: The base or parent that is best on the held-out documents themselves,
            which can only make the search look worse; None without such documents.
        best_blend: The fixed blend that is best there, or None.
        gain_over_best_parent: Winner minus best parent, document by document, or None.
        gain_over_best_blend: Winner minus best blend, or None.
        smallest_difference: The smallest gain over the best parent (without parents, the best
            blend) that this many held-out documents can show, or None.
        verdict: One plain sentence.
        n_recipes: Distinct recipes scored on the quick documents.
        n_failed: Trials that failed, of all stages.
        front: The recipes, generation 0's among them, that no other one beats on every task, on
            the quick documents; only for the objective `pareto`.
        warnings: Plain sentences on signs that the winner's held-out scores could be a lie.
    """

    winner: TrialRecord
    chosen_on: Documents
    finalists: tuple[TrialRecord, ...]
    confirmed: tuple[TrialRecord, ...]
    held_out: tuple[TrialRecord, ...]
    best_parent: TrialRecord | None
    best_blend: TrialRecord | None
    gain_over_best_parent: Gain | None
    gain_over_best_blend: Gain | None
    smallest_difference: float | None
    verdict: str
    n_recipes: int
    n_failed: int
    front: tuple[TrialRecord, ...] = ()
    warnings: tuple[str, ...] = ()
