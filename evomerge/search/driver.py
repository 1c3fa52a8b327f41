"""The whole search, from generation 0 to the verdict; calling it again goes on where it stopped."""

from collections.abc import Sequence

from evomerge.errors import EvomergeError
from evomerge.samplers import misfit
from evomerge.search.descent.given_up import given_up
from evomerge.search.events import Listener
from evomerge.search.finals.judge import judge
from evomerge.search.finals.outcome import Outcome
from evomerge.search.interrupts import Interrupts
from evomerge.search.loop import Candidate, Loop
from evomerge.search.records.record import STAGES, FailedTrial, Pending, WithoutRecipe
from evomerge.search.records.run import Run
from evomerge.search.samplers import make_sampler
from evomerge.space.advice import notes
from evomerge.space.generate.generation0 import fixed_recipes
from evomerge.workers.protocol import WorkerPool

_REPEATS = 50
_STOPPING = "stopping after what runs now; press Ctrl-C again to stop at once"


def run_search(run: Run, pool: WorkerPool, listeners: Sequence[Listener] = ()) -> Outcome:
    """Search a run's space until its budget is spent, then judge what was found.

    Ctrl-C once: what runs is finished and recorded. Twice: it stops now. Either way the
    study is sound, and a later call goes on.

    Args:
        run: The run, open.
        pool: The workers; the caller closes them.
        listeners: Who hears of it.

    Raises:
        EvomergeError: Nothing could be scored.
        InputError: Models, tasks or settings are wrong.
        PlatformError: The machine stands in the way, such as a full disk.
        KeyboardInterrupt: Interrupted.
    """
    if wrong := misfit(run.space.search.sampler, run.space.objective):
        raise wrong
    with Interrupts() as interrupts:
        loop = Loop(run.space, run.study, pool, listeners, interrupts)
        interrupts.announce = lambda: loop.note(_STOPPING)
        earlier = [record for stage in STAGES for record in run.study.records(stage)]
        loop.each(lambda listener: listener.on_start(run.folder, run.space, earlier))
        for text in notes(run.space):
            loop.note(text)
        _score_generation0(loop)
        _sample(loop)
        outcome = judge(loop)
        with interrupts.shield():
            run.study.crown(outcome.winner)
        loop.each(lambda listener: listener.on_finish(outcome))
    return outcome


def _score_generation0(loop: Loop) -> None:
    fixed = fixed_recipes(loop.space)
    records = loop.score_all("generation0", [Candidate(f.kind, f.label, f.recipe) for f in fixed])
    failed = [record for record in records if isinstance(record, FailedTrial)]
    if failed and len(failed) == len(records):
        first = failed[0]
        raise EvomergeError(
            f"nothing succeeded: none of the {len(records)} fixed recipes could be scored; "
            f"{first.label}: {first.result.failure}: {first.result.message}",
            help=f"{first.result.failure.remedy}; then start afresh with --new",
        )


def _sample(loop: Loop) -> None:
    """Sample until the budget is spent, or the sampler only repeats itself."""
    space, study = loop.space, loop.study
    budget = space.budget.trials if space.parameters() else 1
    fixed = study.records("generation0")
    exhausted = False
    told: set[str] = set()

    def ask() -> Pending | WithoutRecipe | None:
        nonlocal exhausted
        hours = space.budget.hours
        if study.count("search") >= budget:
            return None
        if hours is not None and loop.elapsed_s >= hours * 3600:
            study.spend(hours * 3600)
            return None
        if loop.board.repeats >= _REPEATS:
            if not exhausted:
                loop.note(f"the last {_REPEATS} proposals repeat scored recipes: none is left")
            exhausted = True
            return None
        proposed = study.propose(space, make_sampler(space, study.count("search"), fixed))
        if (text := given_up(space, proposed)) and text not in told:
            told.add(text)
            loop.note(text)
        return proposed

    loop.run("search", ask, planned=budget)
