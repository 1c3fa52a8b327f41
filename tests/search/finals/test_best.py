from pathlib import Path

from synthetic import FormulaPool, toy_space

from evomerge.search.driver import run_search
from evomerge.search.finals.best import best_record
from evomerge.search.finals.ranking import scored
from evomerge.search.records.run import Run


def test_the_incumbent_until_there_is_a_winner(tmp_path: Path) -> None:
    space = toy_space(trials=6)
    with Run.open(space, tmp_path) as run:
        assert best_record(run.study, space) is None
        outcome = run_search(run, FormulaPool())
        assert best_record(run.study, space) == outcome.winner
        run.study.enqueue("search", "sampled", "trial 6", outcome.winner.recipe)
        best = best_record(run.study, space)
        sampled = scored(run.study.records("search"))
        assert best == max(sampled, key=lambda trial: trial.value)
        assert best.documents == "quick"
