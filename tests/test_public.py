"""What `import evomerge` gives: a list that changes on purpose only, loaded when it is used."""

import subprocess
import sys

import evomerge

PUBLIC = {
    "Choice",
    "EvomergeError",
    "FailedTrial",
    "Failure",
    "Finished",
    "Float",
    "InputError",
    "Int",
    "Listener",
    "OpenRun",
    "Outcome",
    "PlatformError",
    "Progress",
    "Recipe",
    "RunConflict",
    "ScoredTrial",
    "Scores",
    "Space",
    "TaskScore",
    "TrialError",
    "TrialRecord",
    "__version__",
    "merge_recipe",
    "open_run",
    "read_space",
    "run_search",
    "score",
}


def test_the_list_of_public_names() -> None:
    assert set(evomerge.__all__) == PUBLIC
    assert evomerge.__all__ == sorted(evomerge.__all__)


def test_every_public_name_is_there_and_documented() -> None:
    for name in PUBLIC - {"__version__"}:
        assert getattr(evomerge, name).__doc__, name


def test_no_public_name_is_that_of_a_room() -> None:
    from pathlib import Path

    rooms = {path.stem for path in Path(evomerge.__file__).parent.iterdir()}
    assert not rooms & PUBLIC - {"__version__"}


def test_importing_loads_nothing() -> None:
    code = "import sys, evomerge; print([m for m in sys.modules if m.startswith('evomerge.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
