"""Ask, dispatch, tell: keeps the workers busy with one stage's trials until it is done."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from evomerge.errors import Failure
from evomerge.evaluate.objective import objective
from evomerge.recipe.recipe import Recipe
from evomerge.search.descent.slopes import by_parameter
from evomerge.search.events import Listener
from evomerge.search.interrupts import Interrupts
from evomerge.search.records.record import (
    STAGES,
    Kind,
    ParameterGradient,
    Pending,
    ScoredTrial,
    Stage,
    TrialRecord,
    Twin,
    WithoutRecipe,
)
from evomerge.search.records.study import RunStudy
from evomerge.search.scoreboard import Key, Scoreboard, key_of
from evomerge.space.space import Space
from evomerge.workers.protocol import Failed, Job, Scored, TrialResult, WorkerPool

Ask = Callable[[], Pending | WithoutRecipe | None]
"""Adds the next trial to the study; None where there is none."""


@dataclass(frozen=True)
class Candidate:
    """A recipe that a stage is to score.

    Args:
        kind: Where it came from.
        label: For people.
        recipe: What to score.
    """

    kind: Kind
    label: str
    recipe: Recipe


class Loop:
    """Scores trials on a pool of workers. One recipe is scored once on each set of documents.

    Args:
        space: The space that is searched.
        study: Where trials are kept; this process is its only writer.
        pool: The workers.
        listeners: Who hears of it.
        interrupts: Says when to stop.
    """

    def __init__(
        self,
        space: Space,
        study: RunStudy,
        pool: WorkerPool,
        listeners: Sequence[Listener],
        interrupts: Interrupts,
    ) -> None:
        self.space, self.study, self.interrupts = space, study, interrupts
        self.board = Scoreboard(space, [r for stage in STAGES for r in study.records(stage)])
        self._pool, self._listeners = pool, listeners
        self._in_flight: dict[str, Pending] = {}
        self._twins: dict[Key, list[Pending]] = {}
        """For each recipe in flight, the trials that wait for its scores."""
        self._queue: deque[Pending | WithoutRecipe] = deque()
        self._planned = 0
        self._told = ""
        """Why a trial had no gradient, as it was noted last."""
        self._sampling_since: float | None = None
        self._elapsed_before_s = study.elapsed_s

    @property
    def elapsed_s(self) -> float:
        """Seconds of sampling over all of the run's sessions."""
        if self._sampling_since is None:
            return self._elapsed_before_s
        return self._elapsed_before_s + time.monotonic() - self._sampling_since

    def score_all(self, stage: Stage, candidates: Iterable[Candidate]) -> list[TrialRecord]:
        """Score each distinct recipe, but those the stage has already.

        Returns:
            One record for each distinct recipe, in the order of `candidates`.
        """
        wanted = {candidate.recipe.recipe_id: candidate for candidate in candidates}
        known = [record.recipe for record in self.study.records(stage)]
        known += [p.recipe for p in self.study.pending(stage) if isinstance(p, Pending)]
        names = {recipe.recipe_id for recipe in known if recipe}
        missing = deque(c for name, c in wanted.items() if name not in names)

        def ask() -> Pending | None:
            if not missing:
                return None
            c = missing.popleft()
            return self.study.enqueue(stage, c.kind, c.label, c.recipe)

        self.run(stage, ask, planned=self.study.count(stage) + len(missing))
        records = {r.recipe.recipe_id: r for r in self.study.records(stage) if r.recipe}
        return [records[name] for name in wanted]

    def run(self, stage: Stage, ask: Ask, *, planned: int) -> None:
        """Run a stage until no trial is left: first what an earlier session left running.

        Args:
            stage: The stage.
            ask: Gives the next trial.
            planned: Trials the stage will have at most, for display.

        Raises:
            KeyboardInterrupt: Interrupted; at the first Ctrl-C what ran has been recorded.
        """
        self._planned = planned
        self._queue.extend(self.study.pending(stage))
        self.each(lambda listener: listener.on_stage(stage, planned))
        if stage == "search":
            self._sampling_since = time.monotonic()
        while not (self.interrupts.requested and not self._in_flight):
            with self.interrupts.shield():
                self._fill(ask)
            if not self._in_flight:
                break
            if result := self._pool.next_result():
                with self.interrupts.shield():
                    self._collect(result)
        if stage == "search":
            self._elapsed_before_s, self._sampling_since = self.elapsed_s, None
        if self.interrupts.requested:
            raise KeyboardInterrupt

    def note(self, text: str) -> None:
        """Tell the listeners something a person should know."""
        self.each(lambda listener: listener.on_note(text))

    def each(self, tell: Callable[[Listener], None]) -> None:
        """Tell every listener, with interrupts held back."""
        with self.interrupts.shield():
            for listener in self._listeners:
                tell(listener)

    def _fill(self, ask: Ask) -> None:
        while len(self._in_flight) < self._pool.capacity and not self.interrupts.requested:
            pending = self._queue.popleft() if self._queue else ask()
            if pending is None:
                return
            if isinstance(pending, Pending):
                self._start(pending)
            else:
                why = Failed("", Failure.INVALID_RECIPE, pending.why, worker="")
                self._fail(pending, why)

    def _start(self, pending: Pending) -> None:
        key = key_of(pending.stage, pending.recipe)
        if first := self.board.twin(pending):
            self._reuse(pending, first)
        elif key in self._twins:
            self._twins[key].append(pending)
        else:
            self._twins[key] = []
            name, wanted = f"{pending.stage}-{pending.number}", pending.step is not None
            job = Job(name, pending.recipe, key[0], gradient=wanted)
            self._in_flight[job.key] = pending
            self._pool.submit(job)

    def _collect(self, result: TrialResult) -> None:
        pending = self._in_flight.pop(result.key)
        if isinstance(result, Scored) and result.no_gradient not in ("", self._told):
            self._told = result.no_gradient
            self.note(f"{pending.label} has no gradient: {self._told}")
        self._tell(pending, result, gradient=self._gradient(pending, result))
        for waiting in self._twins.pop(key_of(pending.stage, pending.recipe)):
            if first := self.board.twin(waiting):
                self._reuse(waiting, first)
            else:
                self._queue.append(waiting)

    def _reuse(self, pending: Pending, first: ScoredTrial) -> None:
        result = replace(first.result, seconds={}, retries=0)
        gradient = first.gradient if pending.step else None
        self._tell(pending, result, Twin(first.stage, first.number), gradient)

    def _gradient(self, pending: Pending, result: TrialResult) -> ParameterGradient | None:
        if isinstance(result, Failed) or result.gradient is None:
            return None
        return by_parameter(result.gradient, self.space.sources(pending.params))

    def _tell(
        self,
        pending: Pending,
        result: TrialResult,
        twin: Twin | None = None,
        gradient: ParameterGradient | None = None,
    ) -> TrialRecord:
        if isinstance(result, Failed):
            return self._fail(pending, result)
        value = objective(result.scores, self.space.evaluate.tasks, self.space.objective)
        if not all(map(isfinite, value)):
            return self._fail(pending, _without_value(result, value))
        result = replace(
            result, key=f"{pending.stage}-{pending.number}", gradient=None, no_gradient=""
        )
        elapsed_s = self._elapsed_of(pending.stage)
        return self._ended(
            self.study.finish(
                pending, result, value, twin=twin, gradient=gradient, elapsed_s=elapsed_s
            )
        )

    def _fail(self, pending: Pending | WithoutRecipe, result: Failed) -> TrialRecord:
        result = replace(result, key=f"{pending.stage}-{pending.number}")
        elapsed_s = self._elapsed_of(pending.stage)
        return self._ended(self.study.fail(pending, result, elapsed_s=elapsed_s))

    def _ended(self, record: TrialRecord) -> TrialRecord:
        self.board.add(record)
        progress = self.board.progress(
            record.stage,
            planned=self._planned,
            in_flight=len(self._in_flight),
            elapsed_s=self.elapsed_s,
        )
        self.each(lambda listener: listener.on_record(record, progress))
        return record

    def _elapsed_of(self, stage: Stage) -> float | None:
        return self.elapsed_s if stage == "search" else None


def _without_value(result: Scored, value: tuple[float, ...]) -> Failed:
    return Failed(
        result.key,
        Failure.SCORE_FAILED,
        f"the objective is not a finite number, got {value}",
        seconds=result.seconds,
        worker=result.worker,
        retries=result.retries,
    )
