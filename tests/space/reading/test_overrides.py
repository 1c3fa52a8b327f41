"""`--set key.path=value`: what is laid over counts, is kept, and its mistakes name it."""

from pathlib import Path

import pytest

from evomerge.errors import InputError
from evomerge.space.reading.load import load_space, read_space

TEXT = """\
models: {rev: org/rev, sort: org/sort}
recipes: [{merge_method: slerp, base_model: rev, models: [{model: rev}, {model: sort}],
  parameters: {t: {float: [0, 1]}}}]
evaluate: {tasks: [{task: toy, metric: acc}]}
budget:
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "space.yaml"
    written.write_text(TEXT)
    return written


def test_overrides_are_laid_over_and_kept_in_the_source(path: Path) -> None:
    space = load_space(path, ["budget.trials=7", "evaluate.tasks.0.weight=2", "search.seed=3"])
    assert space.budget.trials == 7
    assert space.evaluate.tasks[0].weight == 2
    again = read_space(space.source, path)
    assert (again.budget, again.evaluate, again.search) == (
        space.budget,
        space.evaluate,
        space.search,
    )


def test_overridden_text_is_read_back_as_it_was(path: Path) -> None:
    path.write_text(TEXT.replace("org/rev", '"1e3"'))
    space = load_space(path, ["budget.trials=7"])
    assert read_space(space.source, path).models["rev"] == "1e3"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("budget.trials", "--set budget.trials: not of the form key.path=value"),
        ("budget.trials=0", "--set budget.trials=0: trials must be a whole number of at least 1"),
        ("budget.trial=9", "unknown key 'trial'. help: did you mean 'trials'? known: "),
        ("budgt.trials=9", "unknown key 'budgt'. help: did you mean 'budget'? known: "),
        ("evaluate.tasks.1.weight=2", "no item '1' in a list of 1"),
        ("evaluate.tasks.0.task.name=a", "evaluate.tasks.0.task is no mapping"),
        ("budget.trials=[", "--set budget.trials=[:1:2: broken YAML"),
    ],
)
def test_what_cannot_be_laid_over_is_told(path: Path, override: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_space(path, [override])
    assert message in str(caught.value)
    assert f"--set {override}" in str(caught.value)
