"""The final table: who scored what on the held-out documents, and what that shows."""

import math
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from evomerge.evaluate.objective import scalar
from evomerge.evaluate.scores import Scores
from evomerge.evaluate.statistics import Gain, interval, paired_gain
from evomerge.search.outcome import Outcome
from evomerge.search.record import TrialRecord
from evomerge.settings import TaskSettings
from evomerge.space.space import Space


def rows(outcome: Outcome, space: Space) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the final table, best first, as text.

    Held-out documents where there are any, else those that chose the winner; one column a task,
    the objective with its 95% interval, and the paired gain of the winner over the row.
    """
    tasks, kind = space.evaluate.tasks, space.objective
    records = [r for r in _shown(outcome) if r.result.scores]
    records.sort(key=lambda r: -scalar(_scores(r), tasks, kind))
    winner = next((r for r in records if r.recipe == outcome.winner.recipe), None)
    name = "mean" if kind == "pareto" else kind
    header = ["", *short_names([t.task for t in tasks]), f"{name} [95% interval]", "winner's gain"]
    body = []
    for record in records:
        scores = _scores(record)
        gain = ""
        if record is winner:
            gain = "winner"
        elif winner is not None:
            seed = space.search.seed
            gain = _gain(paired_gain(_scores(winner), scores, tasks, kind, seed=seed))
        body.append(
            [
                _label(record),
                *(f"{scores[t.task].value:.3f}" for t in tasks),
                _value(interval(scores, tasks, kind)),
                gain,
            ]
        )
    return header, body


def outcome_table(outcome: Outcome, space: Space, *, narrow: bool = False) -> Table:
    """Return the final table for a terminal; a narrow one has no interval of the objective."""
    header, body = rows(outcome, space)
    if narrow:
        cut = len(header) - 2
        header[cut] = header[cut].split(" [")[0]
        body = [[*row[:cut], row[cut].split(" [")[0], *row[cut + 1 :]] for row in body]
    title = _title(outcome, space.evaluate.tasks)
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(header):
        table.add_column(name, justify="right" if index else "left", overflow="fold")
    for row in body:
        table.add_row(*row, style="bold" if row[-1] == "winner" else None)
    return table


def markdown_table(outcome: Outcome, space: Space) -> str:
    """Return the final table as Markdown."""
    header, body = rows(outcome, space)
    rule = ["---"] + ["---:"] * (len(header) - 1)
    lines = [f"| {' | '.join(row)} |" for row in (header, rule, *body)]
    return "\n".join(lines)


def summary_lines(outcome: Outcome, space: Space) -> list[str]:
    """Return what stands below the table: counts, smallest difference, verdict."""
    failed = f"{outcome.n_failed} trial{'s' * (outcome.n_failed != 1)} failed"
    lines = [f"{outcome.n_recipes} recipes scored, {failed}."]
    known = outcome.smallest_difference is not None and not math.isnan(outcome.smallest_difference)
    if known and space.objective in ("mean", "pareto"):
        other = "parent" if outcome.best_parent else "fixed blend"
        lines.append(
            f"Smallest gain over the best {other} that these documents can show: "
            f"{outcome.smallest_difference:.3f}."
        )
    if outcome.front:
        front = ", ".join(record.label for record in outcome.front)
        lines.append(f"Pareto front on the quick documents: {front}.")
    lines += [f"Warning: {warning}." for warning in outcome.warnings]
    lines.append(f"Verdict: {outcome.verdict}")
    return lines


def short_names(tasks: Sequence[str]) -> list[str]:
    """Return the tasks' names without the words that all of them begin with."""
    words = [task.split("_") for task in tasks]
    while len(words) > 1 and min(map(len, words)) > 1 and len({w[0] for w in words}) == 1:
        words = [w[1:] for w in words]
    return ["_".join(w) for w in words]


def _scores(record: TrialRecord) -> Scores:
    assert record.result.scores is not None
    return record.result.scores


def _label(record: TrialRecord) -> str:
    if record.kind != "sampled" or record.recipe is None:
        return record.label
    return f"{record.label} ({record.recipe.method})"


def _title(outcome: Outcome, tasks: Sequence[TaskSettings]) -> str:
    scores = next((r.result.scores for r in _shown(outcome) if r.result.scores), None)
    if scores is None:
        return "no documents"
    count = sum(len(scores[t.task].doc_ids) for t in tasks)
    return f"{count} {scores.documents.replace('_', '-')} documents"


def _shown(outcome: Outcome) -> Sequence[TrialRecord]:
    """Return the records of the last stage that ran: those the winner can be compared on."""
    return outcome.held_out or outcome.confirmed or outcome.finalists


def _value(value: Gain) -> str:
    return f"{value.gain:.3f} [{value.low:.3f}, {value.high:.3f}]"


def _gain(gain: Gain) -> str:
    return f"{gain.gain:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
