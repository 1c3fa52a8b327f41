"""Which recipes of a search are worth scoring again on fresh documents."""

from collections.abc import Hashable, Sequence

from evomerge.errors import EvomergeError
from evomerge.search.finals.ranking import pareto_front, ranked, scored
from evomerge.search.records.record import FailedTrial, ScoredTrial, TrialRecord
from evomerge.space.generate.generation0 import BLENDS_AMONG_FINALISTS
from evomerge.space.space import Space


def choose_finalists(
    space: Space, sampled: Sequence[TrialRecord], fixed: Sequence[TrialRecord]
) -> list[ScoredTrial]:
    """Return the best sampled recipes and the best blends, best first.

    For `pareto` the sampled ones are the front's, best weighted mean first. Of a chain of steps
    down a gradient, each third gives its best trial at most: steps that follow each other hardly
    differ, and early ones have seen less of the quick documents. The trial of the lowest loss is
    among them too: few documents tell by right or wrong alone which of many steps is best.

    Args:
        space: The space.
        sampled: The search's records.
        fixed: Generation 0's records.

    Raises:
        EvomergeError: No recipe could be scored.
    """
    rivals = pareto_front(sampled) if space.objective == "pareto" else scored(sampled)
    best = _apart(ranked(rivals, space))[: space.search.finalists]
    losses = [t for t in rivals if t.gradient]
    lowest = sorted(losses, key=lambda t: t.gradient.loss if t.gradient else 0.0)[:1]
    best += [trial for trial in lowest if trial.recipe not in {t.recipe for t in best}]
    fixed_blends = [trial for trial in scored(fixed) if trial.kind == "blend"]
    blends = ranked(fixed_blends, space)[:BLENDS_AMONG_FINALISTS]
    names = {trial.recipe for trial in best}
    finalists = [*best, *(trial for trial in blends if trial.recipe not in names)]
    if not finalists:
        failed = [r for r in [*fixed, *sampled] if isinstance(r, FailedTrial)]
        why = f": {failed[0].label}: {failed[0].result.message}" if failed else ""
        raise EvomergeError(
            f"nothing succeeded: no merge could be scored{why}",
            help=failed[0].result.failure.remedy if failed else "",
        )
    return ranked(finalists, space)


def _apart(best: Sequence[ScoredTrial]) -> list[ScoredTrial]:
    """Return trials but for those of a third of a chain whose best comes before them."""
    found: dict[Hashable, ScoredTrial] = {}
    for trial in best:
        step = trial.step
        part = (step.chain, 3 * step.number // step.length) if step else (trial.number,)
        found.setdefault((trial.stage, *part), trial)
    return list(found.values())
