"""The final table: who scored what on the held-out documents, and what that shows."""

import math
from collections.abc import Sequence

from rich.table import Table

from evomerge.evaluate.objective import scalar
from evomerge.evaluate.scores import Scores
from evomerge.evaluate.statistics import Gain, interval, paired_gain
from evomerge.search.outcome import Outcome
from evomerge.search.record import TrialRecord
from evomerge.space.settings import TaskSettings
from evomerge.space.space import Space


def rows(outcome: Outcome, space: Space) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the final table, best first, as text.

    Held-out documents where there are any, else those that chose the winner; one column a task,
    the objective with its 95% interval, and the paired gain of the winner over the row.
    """
    tasks, kind = space.evaluate.tasks, space.objective
    records = [r for r in outcome.held_out or outcome.finalists if r.result.scores]
    records.sort(key=lambda r: -scalar(_scores(r), tasks, kind))
    winner = next((r for r in records if r.recipe == outcome.winner.recipe), None)
    name = "mean" if kind == "pareto" else kind
    header = ["", "method", *(t.task for t in tasks), f"{name} [95% interval]", "winner's gain"]
    body = []
    for record in records:
        scores = _scores(record)
        gain = ""
        if record is winner:
            gain = "winner"
        elif winner is not None:
            gain = _gain(paired_gain(_scores(winner), scores, tasks, kind))
        body.append(
            [
                record.label,
                record.recipe.method if record.recipe else "",
                *(f"{scores[t.task].value:.3f}" for t in tasks),
                _value(interval(scores, tasks, kind)),
                gain,
            ]
        )
    return header, body


def outcome_table(outcome: Outcome, space: Space) -> Table:
    """Return the final table for a terminal."""
    header, body = rows(outcome, space)
    table = Table(title=_title(outcome, space.evaluate.tasks), title_justify="left")
    for index, name in enumerate(header):
        table.add_column(name, justify="left" if index < 2 else "right", no_wrap=True)
    for row in body:
        table.add_row(*row, style="bold" if row[-1] == "winner" else None)
    return table


def markdown_table(outcome: Outcome, space: Space) -> str:
    """Return the final table as Markdown."""
    header, body = rows(outcome, space)
    rule = ["---"] * 2 + ["---:"] * (len(header) - 2)
    lines = [f"| {' | '.join(row)} |" for row in (header, rule, *body)]
    return "\n".join(lines)


def summary_lines(outcome: Outcome, space: Space) -> list[str]:
    """Return what stands below the table: counts, smallest difference, verdict."""
    lines = [f"{outcome.n_recipes} recipes scored, {outcome.n_failed} trials failed."]
    if outcome.smallest_difference is not None and not math.isnan(outcome.smallest_difference):
        lines.append(
            f"Smallest gain over the best parent that these documents can show: "
            f"{outcome.smallest_difference:.3f}."
        )
    if outcome.front:
        front = ", ".join(record.label for record in outcome.front)
        lines.append(f"Pareto front on the quick documents: {front}.")
    lines.append(f"Verdict: {outcome.verdict}")
    return lines


def _scores(record: TrialRecord) -> Scores:
    assert record.result.scores is not None
    return record.result.scores


def _title(outcome: Outcome, tasks: Sequence[TaskSettings]) -> str:
    shown = outcome.held_out or outcome.finalists
    scores = next((r.result.scores for r in shown if r.result.scores), None)
    count = sum(len(scores[t.task].doc_ids) for t in tasks) if scores else 0
    name = "held-out" if outcome.held_out else "quick"
    return f"{count} {name} documents"


def _value(value: Gain) -> str:
    return f"{value.gain:.3f} [{value.low:.3f}, {value.high:.3f}]"


def _gain(gain: Gain) -> str:
    return f"{gain.gain:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
