import json
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.testing.pytest_storages import StorageTestCase

from evomerge.errors import PlatformError
from evomerge.search.records.journal import RunJournal


def logs(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def ask_one(journal: RunJournal) -> None:
    storage = JournalStorage(journal)
    if not optuna.get_all_study_names(storage):
        optuna.create_study(storage=storage, study_name="s")
    study = optuna.load_study(study_name="s", storage=storage)
    with journal.transaction():
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        trial.suggest_categorical("c", ["a", "b"])


def test_optunas_own_backend_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "j"
    ask_one(RunJournal(path))
    storage = JournalStorage(JournalFileBackend(str(path)))
    (trial,) = optuna.load_study(study_name="s", storage=storage).trials
    assert set(trial.params) == {"x", "c"}


def test_a_transaction_cut_short_anywhere_never_was(tmp_path: Path) -> None:
    path = tmp_path / "j"
    ask_one(RunJournal(path))
    whole = path.read_bytes()
    ask_one(RunJournal(path))
    longer = path.read_bytes()
    for cut in range(len(whole), len(longer)):
        path.write_bytes(longer[:cut])
        RunJournal(path)
        assert path.read_bytes() == whole, cut


def test_reading_cuts_nothing_off(tmp_path: Path) -> None:
    path = tmp_path / "j"
    ask_one(RunJournal(path))
    torn = path.read_bytes() + b'{"op_code":'
    path.write_bytes(torn)
    journal = RunJournal(path, writable=False)
    assert path.read_bytes() == torn
    assert len(list(journal.read_logs(0))) == 4
    with pytest.raises(RuntimeError):
        journal.append_logs([{"op_code": 0}])


def test_an_error_inside_a_transaction_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = RunJournal(path)
    journal.append_logs([{"a": 1}])
    with pytest.raises(ZeroDivisionError), journal.transaction():
        journal.append_logs([{"a": 2}])
        raise ZeroDivisionError
    assert logs(path) == [{"a": 1}]
    with pytest.raises(RuntimeError):
        journal.append_logs([{"a": 3}])


def test_damage_before_the_end_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(b'{"a":1}\n{"a"\n{"a":3}\n')
    with pytest.raises(PlatformError, match="damaged") as error:
        RunJournal(path)
    assert error.value.where == f"{path}:2"


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "j"
    code = (
        "import resource, sys, signal; from pathlib import Path\n"
        "from evomerge.search.records.journal import RunJournal\n"
        "from evomerge.errors import PlatformError\n"
        f"journal = RunJournal(Path({str(path)!r}))\n"
        "journal.append_logs([{'a': 'x' * 100}])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (150, 150))\n"
        "try:\n    journal.append_logs([{'a': 'y' * 100}])\n"
        "except PlatformError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "cannot be written" in done.stdout
    assert "--resume" in done.stdout
    assert logs(path) == [{"a": "x" * 100}]


def test_an_unreadable_journal_is_the_machines_fault(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="cannot be written"):
        RunJournal(tmp_path)


class TestOptunasSuite(StorageTestCase):
    """What Optuna asks of every storage."""

    @pytest.fixture
    def storage(self, tmp_path: Path) -> BaseStorage:
        return JournalStorage(RunJournal(tmp_path / "j"))
