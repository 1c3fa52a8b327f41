"""Ask, dispatch, tell: keeps the workers busy with one stage's trials until it is done."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from evomerge.errors import Failure
from evomerge.evaluate.objective import objective, scalar
from evomerge.recipe.recipe import Recipe
from evomerge.search.events import Listener, Progress
from evomerge.search.interrupts import Interrupts
from evomerge.search.record import Kind, Stage, TrialRecord, documents_of
from evomerge.search.study import STAGES, Pending, RunStudy
from evomerge.settings import Documents
from evomerge.space.space import Space
from evomerge.workers.protocol import Job, TrialResult, WorkerPool

_Key = tuple[Documents, str]


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
        self._pool, self._listeners = pool, listeners
        self._in_flight: dict[str, Pending] = {}
        self._parked: dict[_Key, list[Pending]] = {}
        self._queue: deque[Pending] = deque()
        self.repeats = 0
        """How many of the last proposals in a row were recipes scored before."""
        self._planned = 0
        self._sampling_since: float | None = None
        self._elapsed_before_s = study.elapsed_s
        self._scored: dict[_Key, TrialRecord] = {}
        self._incumbent: tuple[float, TrialRecord] | None = None
        self._ended = {stage: [0, 0] for stage in STAGES}
        for stage in STAGES:
            for record in study.records(stage):
                self._remember(record)

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
        recipes = [record.recipe for record in self.study.records(stage)]
        recipes += [pending.recipe for pending in self.study.pending(stage)]
        known = {recipe.recipe_id for recipe in recipes if recipe}
        missing = deque(c for name, c in wanted.items() if name not in known)

        def next_pending() -> Pending | None:
            if not missing:
                return None
            c = missing.popleft()
            return self.study.enqueue(stage, c.kind, c.label, c.recipe)

        self.run(stage, next_pending, planned=self.study.count(stage) + len(missing))
        records = {r.recipe.recipe_id: r for r in self.study.records(stage) if r.recipe}
        return [records[name] for name in wanted]

    def run(
        self, stage: Stage, next_pending: Callable[[], Pending | None], *, planned: int
    ) -> None:
        """Run a stage until no trial is left: first what an earlier session left running.

        Args:
            stage: The stage.
            next_pending: Adds the next trial to the study; None when there is none.
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
                self._fill(next_pending)
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

    def _fill(self, next_pending: Callable[[], Pending | None]) -> None:
        while len(self._in_flight) < self._pool.capacity and not self.interrupts.requested:
            pending = self._queue.popleft() if self._queue else next_pending()
            if pending is None:
                return
            self._start(pending)

    def _start(self, pending: Pending) -> None:
        if pending.recipe is None:
            invalid = Failure.INVALID_RECIPE
            self._finish(pending, TrialResult("", None, invalid, pending.invalid, worker=""))
            return
        key = _key(pending.stage, pending.recipe)
        if twin := self._scored.get(key):
            self._finish(pending, twin.result, twin)
        elif key in self._parked:
            self._parked[key].append(pending)
        else:
            self._parked[key] = []
            job = Job(f"{pending.stage}-{pending.number}", pending.recipe, key[0])
            self._in_flight[job.key] = pending
            self._pool.submit(job)

    def _collect(self, result: TrialResult) -> None:
        pending = self._in_flight.pop(result.key)
        record = self._finish(pending, result)
        assert pending.recipe is not None
        for waiting in self._parked.pop(_key(pending.stage, pending.recipe)):
            if record.value:
                self._finish(waiting, record.result, record)
            else:
                self._queue.append(waiting)

    def _finish(
        self, pending: Pending, result: TrialResult, twin: TrialRecord | None = None
    ) -> TrialRecord:
        if twin:
            result = replace(result, seconds={}, retries=0)
        result = replace(result, key=f"{pending.stage}-{pending.number}")
        value: tuple[float, ...] = ()
        if result.scores:
            value = objective(result.scores, self.space.evaluate.tasks, self.space.objective)
            if not all(map(isfinite, value)):
                message = f"the objective is not a finite number, got {value}"
                result = replace(result, scores=None, failure=Failure.SCORE_FAILED, message=message)
                value = ()
        elapsed_s = self.elapsed_s if pending.stage == "search" else None
        record = self.study.finish(pending, result, value, twin=twin, elapsed_s=elapsed_s)
        self._remember(record)
        progress = self._progress(pending.stage)
        self.each(lambda listener: listener.on_record(record, progress))
        return record

    def _remember(self, record: TrialRecord) -> None:
        counts = self._ended[record.stage]
        counts[0] += 1
        counts[1] += not record.value
        if record.stage == "search":
            self.repeats = self.repeats + 1 if record.duplicate_of is not None else 0
        if record.value and record.recipe:
            self._scored.setdefault(_key(record.stage, record.recipe), record)
            self._compare(record)

    def _compare(self, record: TrialRecord) -> None:
        assert record.result.scores is not None
        if record.documents == "quick":
            value = scalar(record.result.scores, self.space.evaluate.tasks, self.space.objective)
            if self._incumbent is None or value > self._incumbent[0]:
                self._incumbent = value, record

    def _progress(self, stage: Stage) -> Progress:
        done, failed = self._ended[stage]
        return Progress(
            stage=stage,
            done=done,
            planned=self._planned,
            failed=failed,
            in_flight=len(self._in_flight),
            elapsed_s=self.elapsed_s,
            incumbent=self._incumbent[1] if self._incumbent else None,
        )


def _key(stage: Stage, recipe: Recipe) -> _Key:
    return documents_of(stage), recipe.recipe_id
