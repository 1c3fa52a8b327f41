"""The end of a search: fresh documents choose the winner, held-out ones judge it, once."""

from collections import Counter
from collections.abc import Sequence

from evomerge.errors import EvomergeError
from evomerge.evaluate.guards import suspicious
from evomerge.evaluate.statistics import paired_gain, smallest_difference
from evomerge.evaluate.verdict import verdict
from evomerge.search.finals.finalists import choose_finalists
from evomerge.search.finals.outcome import Comparison, Judgement, Outcome
from evomerge.search.finals.ranking import best_of, pareto_front, ranked, scalar_of, scored
from evomerge.search.loop import Candidate, Loop
from evomerge.search.records.record import STAGES, FailedTrial, ScoredTrial, Stage, TrialRecord
from evomerge.search.records.study import RunStudy
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
    _refuse_none(sampled)
    finalists = choose_finalists(space, sampled, fixed)
    confirmed = _score(loop, "confirm", finalists) if space.evaluate.confirm else []
    chosen = scored(confirmed) or finalists
    winner = max(chosen, key=lambda trial: scalar_of(trial, space))
    judged = [winner, *_best_sampled(space, chosen, winner), *scored(fixed)]
    held_out = _score(loop, "held_out", judged) if space.evaluate.held_out else []
    parent = best_of(scored(held_out), space, "base", "parent")
    blend = best_of(scored(held_out), space, "blend")
    judgement = _judgement(space, winner, scored(held_out), parent, blend)
    records = [record for stage in STAGES for record in study.records(stage)]
    return Outcome(
        winner=winner,
        finalists=tuple(finalists),
        confirmed=tuple(confirmed),
        held_out=tuple(held_out),
        best_parent=parent,
        best_blend=blend,
        judgement=judgement,
        verdict=_verdict(space, winner, judgement, parent, blend) + _repeated(study, held_out),
        n_recipes=sum(trial.twin is None for trial in scored([*fixed, *sampled])),
        failures=Counter(r.result.failure for r in records if isinstance(r, FailedTrial)),
        front=tuple(pareto_front([*fixed, *sampled])) if space.objective == "pareto" else (),
    )


def _refuse_none(sampled: Sequence[TrialRecord]) -> None:
    """Refuse a search of which every trial has failed."""
    failed = [record for record in sampled if isinstance(record, FailedTrial)]
    if failed and len(failed) == len(sampled):
        result = failed[0].result
        raise EvomergeError(
            f"nothing succeeded: all {len(failed)} sampled recipes failed, the first with "
            f"{result.failure}: {result.message}",
            help=result.failure.remedy,
        )


def _score(loop: Loop, stage: Stage, trials: Sequence[ScoredTrial]) -> list[TrialRecord]:
    return loop.score_all(stage, [Candidate(t.kind, t.label, t.recipe) for t in trials])


def _best_sampled(
    space: Space, chosen: Sequence[ScoredTrial], winner: ScoredTrial
) -> list[ScoredTrial]:
    """Return the best recipe of the search proper, where a fixed blend has won."""
    sampled = [t for t in chosen if t.kind == "sampled" and winner.kind != "sampled"]
    return ranked(sampled, space)[:1]


def _judgement(
    space: Space,
    winner: ScoredTrial,
    held_out: Sequence[ScoredTrial],
    parent: ScoredTrial | None,
    blend: ScoredTrial | None,
) -> Judgement | None:
    """Return how the winner stands there; None where it was not scored there."""
    crowned = next((trial for trial in held_out if trial.recipe == winner.recipe), None)
    if crowned is None:
        return None
    parents = [t.result.scores.guards for t in held_out if t.kind in ("base", "parent")]
    warnings = suspicious(crowned.result.scores.guards, parents) if parents else ()
    return Judgement(
        winner=crowned,
        over_parent=_comparison(space, crowned, parent),
        over_blend=_comparison(space, crowned, blend),
        warnings=tuple(warnings),
    )


def _comparison(
    space: Space, winner: ScoredTrial, opponent: ScoredTrial | None
) -> Comparison | None:
    if opponent is None:
        return None
    ours, theirs, tasks = winner.result.scores, opponent.result.scores, space.evaluate.tasks
    gain = paired_gain(ours, theirs, tasks, space.objective, seed=space.search.seed)
    return Comparison(gain, smallest_difference(ours, theirs, tasks))


def _verdict(
    space: Space,
    winner: ScoredTrial,
    judgement: Judgement | None,
    parent: ScoredTrial | None,
    blend: ScoredTrial | None,
) -> str:
    if not space.evaluate.held_out:
        return (
            "There is no verdict: held_out is 0, and the score of a winner on the documents that "
            "chose it is too high."
        )
    if judgement is None:
        return "There is no verdict: the winner could not be scored on the held-out documents."
    over_parent, over_blend = judgement.over_parent, judgement.over_blend
    return verdict(
        over_parent.gain if over_parent else None,
        over_blend.gain if over_blend else None,
        parent.label if parent else "",
        blend.label if blend else "",
        itself_a_blend=winner.kind == "blend",
    )


def _repeated(study: RunStudy, held_out: Sequence[TrialRecord]) -> str:
    """Say so where held-out documents judged other winners before, of a run that went on."""
    judged = {r.recipe for r in study.records("held_out") if r.kind == "sampled" and r.recipe}
    if not judged - {record.recipe for record in held_out}:
        return ""
    return (
        " These documents have judged an earlier winner of this run: the more often they do, the "
        "less their verdict is worth."
    )
