from pathlib import Path

from searching import Diary
from synthetic import FormulaPool, toy_space

from evomerge.search.driver import run_search
from evomerge.search.events import Callback, Progress
from evomerge.search.records.record import TrialRecord
from evomerge.search.records.run import Run


def test_a_function_hears_of_every_trial(tmp_path: Path) -> None:
    heard: list[tuple[TrialRecord, Progress]] = []
    diary = Diary()
    with Run.open(toy_space(trials=3), tmp_path) as run:
        run_search(run, FormulaPool(), [Callback(lambda *one: heard.append(one)), diary])
    assert heard == diary.records
    assert len(heard) == 8 + 3 + 5 + 9
