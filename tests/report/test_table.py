from dataclasses import replace

from rich.console import Console

from evomerge.errors import Failure
from evomerge.report.table import markdown_table, outcome_table, rows, summary_lines
from evomerge.search.finals.outcome import Outcome
from evomerge.space.space import Space


def test_the_table_shows_who_scored_what(outcome: Outcome, space: Space) -> None:
    header, body = rows(outcome, space)
    assert header == ["", "next", "pick", "mean [95% interval]", "winner's gain"]
    assert [row[0] for row in body] == ["trial 3 (linear)", "parent a", "uniform"]
    assert body[0][1:3] == ["0.800", "0.600"]
    assert body[0][3].startswith("0.700 [")
    assert body[0][4] == "winner"
    assert body[1][4].startswith("+0.200 [")
    low, high = (float(x) for x in body[1][4].split("[")[1].rstrip("]").split(","))
    assert low < 0.2 < high


def test_markdown_and_terminal_hold_the_same(outcome: Outcome, space: Space) -> None:
    lines = markdown_table(outcome, space).splitlines()
    assert len(lines) == 2 + 3
    assert len({line.count("|") for line in lines}) == 1
    console = Console(width=120)
    with console.capture() as shown:
        console.print(outcome_table(outcome, space))
    assert "40 held-out documents" in shown.get()
    for row in rows(outcome, space)[1]:
        for cell in row:
            assert cell in shown.get()
            assert cell in "\n".join(lines)


def test_the_lines_below_the_table(outcome: Outcome, space: Space) -> None:
    assert summary_lines(outcome, space) == [
        "12 recipes scored, 1 trial failed.",
        f"1 with out_of_memory: {Failure.OUT_OF_MEMORY.advice}.",
        "Smallest gain over the best parent that these documents can show: 0.123.",
        "Warning: 40% of my_next's answers are empty (0% before).",
        "Verdict: The winner wins.",
    ]
    front = replace(outcome, front=(outcome.winner,), judgement=None)
    assert summary_lines(front, space)[2] == "Pareto front on the quick documents: trial 3."
