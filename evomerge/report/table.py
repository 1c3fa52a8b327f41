"""The final table: who scored what on the held-out documents, and what that shows."""

import math
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from evomerge.evaluate.statistics import Gain, interval, paired_gain
from evomerge.search.finals.outcome import Judgement, Outcome
from evomerge.search.finals.ranking import scalar_of, scored
from evomerge.search.records.record import ScoredTrial, TrialRecord
from evomerge.settings import TaskSettings
from evomerge.space.space import Space


def rows(outcome: Outcome, space: Space) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the final table, best first, as text.

    Held-out documents where there are any, else those that chose the winner; one column a task,
    the objective with its 95% interval, and the paired gain of the winner over the row.
    """
    tasks, kind = space.evaluate.tasks, space.objective
    trials = sorted(scored(_shown(outcome)), key=lambda trial: -scalar_of(trial, space))
    winner = next((trial for trial in trials if trial.recipe == outcome.winner.recipe), None)
    name = "mean" if kind == "pareto" else kind
    header = ["", *short_names([t.task for t in tasks]), f"{name} [95% interval]", "winner's gain"]
    body = []
    for trial in trials:
        scores = trial.result.scores
        gain = ""
        if trial is winner:
            gain = "winner"
        elif winner is not None:
            seed = space.search.seed
            gain = _gain(paired_gain(winner.result.scores, scores, tasks, kind, seed=seed))
        body.append(
            [
                _label(trial),
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
    for failure, count in outcome.failures.items():
        lines.append(f"{count} with {failure}: {failure.advice}.")
    if outcome.judgement is not None and space.objective in ("mean", "pareto"):
        lines += _smallest(outcome.judgement)
    if outcome.front:
        front = ", ".join(record.label for record in outcome.front)
        lines.append(f"Pareto front on the quick documents: {front}.")
    warnings = outcome.judgement.warnings if outcome.judgement else ()
    lines += [f"Warning: {warning}." for warning in warnings]
    lines.append(f"Verdict: {outcome.verdict}")
    return lines


def short_names(tasks: Sequence[str]) -> list[str]:
    """Return the tasks' names without the words that all of them begin with."""
    words = [task.split("_") for task in tasks]
    while len(words) > 1 and min(map(len, words)) > 1 and len({w[0] for w in words}) == 1:
        words = [w[1:] for w in words]
    return ["_".join(w) for w in words]


def _smallest(judgement: Judgement) -> list[str]:
    """Return a line on the smallest gain that can be shown, where that is known."""
    found = judgement.over_parent or judgement.over_blend
    if found is None or math.isnan(found.smallest_difference):
        return []
    other = "parent" if judgement.over_parent else "fixed blend"
    return [
        f"Smallest gain over the best {other} that these documents can show: "
        f"{found.smallest_difference:.3f}."
    ]


def _label(trial: ScoredTrial) -> str:
    return f"{trial.label} ({trial.recipe.method})" if trial.kind == "sampled" else trial.label


def _title(outcome: Outcome, tasks: Sequence[TaskSettings]) -> str:
    scores = next((trial.result.scores for trial in scored(_shown(outcome))), None)
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
