"""The end of a search: fresh documents choose the winner, held-out ones judge it, once."""

from collections.abc import Sequence
from dataclasses import replace

from evomerge.errors import EvomergeError
from evomerge.evaluate.guards import suspicious
from evomerge.evaluate.objective import scalar
from evomerge.evaluate.statistics import Gain, paired_gain, smallest_difference, verdict
from evomerge.preflight.workload import BLENDS_AMONG_FINALISTS
from evomerge.search.loop import Candidate, Loop
from evomerge.search.outcome import Outcome
from evomerge.search.record import Kind, Stage, TrialRecord
from evomerge.search.study import STAGES, RunStudy
from evomerge.space.space import Space


def judge(loop: Loop) -> Outcome:
    """Choose the winner on the confirm documents and judge it on the held-out ones.

    Args:
        loop: Generation 0 and the search have run on it.

    Raises:
        EvomergeError: No recipe could be scored.
        KeyboardInterrupt: Interrupted; call it again to go on.
    """
    space, study = loop.space, loop.study
    fixed, sampled = study.records("generation0"), study.records("search")
    if sampled and not any(r.value for r in sampled):
        raise EvomergeError(
            f"nothing succeeded: all {len(sampled)} sampled recipes failed, the first with "
            f"{sampled[0].result.failure}: {sampled[0].result.message}"
        )
    finalists = choose_finalists(space, sampled, fixed)
    confirmed = _score(loop, "confirm", finalists) if space.evaluate.confirm else []
    chosen = [r for r in confirmed if r.value] or finalists
    winner = max(chosen, key=lambda r: _scalar(space, r))
    judged = [winner, *_best_sampled(space, chosen, winner), *(r for r in fixed if r.value)]
    held_out = _score(loop, "held_out", judged) if space.evaluate.held_out else []
    crowned = next((r for r in held_out if r.value and r.recipe == winner.recipe), None)
    parent = _best(space, held_out, "base", "parent")
    blend = _best(space, held_out, "blend")
    quick = [r for r in [*fixed, *sampled] if r.value and r.duplicate_of is None]
    outcome = Outcome(
        winner=winner,
        chosen_on=winner.documents,
        finalists=tuple(finalists),
        confirmed=tuple(confirmed),
        held_out=tuple(held_out),
        best_parent=parent,
        best_blend=blend,
        gain_over_best_parent=_gain(space, crowned, parent),
        gain_over_best_blend=_gain(space, crowned, blend),
        smallest_difference=_smallest(space, crowned, parent or blend),
        verdict="",
        n_recipes=len(quick),
        n_failed=sum(not r.value for stage in STAGES for r in study.records(stage)),
        front=tuple(pareto_front([*fixed, *sampled])) if space.objective == "pareto" else (),
        warnings=_warnings(held_out, crowned),
    )
    return replace(outcome, verdict=_verdict(space, outcome) + _repeated(study, outcome))


def choose_finalists(
    space: Space, sampled: Sequence[TrialRecord], fixed: Sequence[TrialRecord]
) -> list[TrialRecord]:
    """Return the recipes worth scoring again: the best sampled ones, and the best blends.

    For `pareto` these are the front's, best weighted mean first.

    Args:
        space: The space.
        sampled: The search's records.
        fixed: Generation 0's records.

    Raises:
        EvomergeError: No recipe could be scored.
    """
    if space.objective == "pareto":
        sampled = pareto_front(sampled)
    best = _ranked(space, sampled)[: space.search.finalists]
    blends = _ranked(space, [r for r in fixed if r.kind == "blend"])[:BLENDS_AMONG_FINALISTS]
    names = {r.recipe for r in best}
    finalists = [*best, *(r for r in blends if r.recipe not in names)]
    if not finalists:
        failed = [r for r in [*fixed, *sampled] if r.result.failure]
        why = f": {failed[0].label}: {failed[0].result.message}" if failed else ""
        raise EvomergeError(f"nothing succeeded: no merge could be scored{why}")
    return _ranked(space, finalists)


def pareto_front(records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Return the scored recipes, each once, that no other one equals or beats on every value."""
    distinct = [r for r in records if r.value and r.duplicate_of is None]
    return [
        r
        for r in distinct
        if not any(
            other.value != r.value and all(map(float.__ge__, other.value, r.value))
            for other in distinct
        )
    ]


def _score(loop: Loop, stage: Stage, records: Sequence[TrialRecord]) -> list[TrialRecord]:
    return loop.score_all(
        stage, [Candidate(r.kind, r.label, r.recipe) for r in records if r.recipe]
    )


def _ranked(space: Space, records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Return the scored recipes, each once, best first; ties keep their order."""
    scored = {r.recipe: r for r in reversed(records) if r.value}
    order = sorted(scored.values(), key=lambda r: r.number)
    return sorted(order, key=lambda r: -_scalar(space, r))


def _scalar(space: Space, record: TrialRecord) -> float:
    assert record.result.scores is not None
    return scalar(record.result.scores, space.evaluate.tasks, space.objective)


def _best(space: Space, records: Sequence[TrialRecord], *kinds: Kind) -> TrialRecord | None:
    scored = [r for r in records if r.value and r.kind in kinds]
    return max(scored, key=lambda r: _scalar(space, r), default=None)


def _best_sampled(
    space: Space, chosen: Sequence[TrialRecord], winner: TrialRecord
) -> list[TrialRecord]:
    """Return the best recipe of the search proper, where a fixed blend has won."""
    sampled = [r for r in chosen if r.kind == "sampled" and winner.kind != "sampled"]
    return _ranked(space, sampled)[:1]


def _warnings(held_out: Sequence[TrialRecord], winner: TrialRecord | None) -> tuple[str, ...]:
    """Return what could make the winner's scores a lie, by its guards and its parents'."""
    if winner is None or winner.result.scores is None:
        return ()
    parents = [r for r in held_out if r.kind in ("base", "parent")]
    theirs = [r.result.scores.guards for r in parents if r.result.scores]
    return tuple(suspicious(winner.result.scores.guards, theirs)) if theirs else ()


def _gain(space: Space, winner: TrialRecord | None, other: TrialRecord | None) -> Gain | None:
    if winner is None or other is None:
        return None
    assert winner.result.scores and other.result.scores
    return paired_gain(
        winner.result.scores,
        other.result.scores,
        space.evaluate.tasks,
        space.objective,
        seed=space.search.seed,
    )


def _smallest(space: Space, winner: TrialRecord | None, other: TrialRecord | None) -> float | None:
    if winner is None or other is None:
        return None
    assert winner.result.scores and other.result.scores
    return smallest_difference(winner.result.scores, other.result.scores, space.evaluate.tasks)


def _repeated(study: RunStudy, outcome: Outcome) -> str:
    """Say so where held-out documents judged other winners before, of a run that went on."""
    judged = {r.recipe for r in study.records("held_out") if r.kind == "sampled" and r.recipe}
    known = {r.recipe for r in outcome.held_out}
    if not judged - known:
        return ""
    return (
        " These documents have judged an earlier winner of this run: the more often they do, the "
        "less their verdict is worth."
    )


def _verdict(space: Space, outcome: Outcome) -> str:
    if not space.evaluate.held_out:
        return (
            "There is no verdict: held_out is 0, and the score of a winner on the documents that "
            "chose it is too high."
        )
    if all(not r.value or r.recipe != outcome.winner.recipe for r in outcome.held_out):
        return "There is no verdict: the winner could not be scored on the held-out documents."
    parent, blend = outcome.best_parent, outcome.best_blend
    return verdict(
        outcome.gain_over_best_parent,
        outcome.gain_over_best_blend,
        parent.label if parent else "",
        blend.label if blend else "",
        itself_a_blend=outcome.winner.kind == "blend",
    )
