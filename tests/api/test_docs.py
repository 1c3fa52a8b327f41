"""The examples of docs/api.md run, from top to bottom, as a reader would type them."""

import re
import shutil
from pathlib import Path

import pytest

import evomerge

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_examples_run(
    tiny_cache: Path,
    empty_mlflow: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("EVOMERGE_CACHE", str(tiny_cache))
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty_mlflow, tmp_path)
    said: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), said)
    printed = capsys.readouterr().out
    trials, scores = said["trials"], said["scores"]
    assert list(trials.stage.value_counts().sort_index().index) == [
        "confirm",
        "generation0",
        "held_out",
        "search",
    ]
    assert (trials.stage == "search").sum() == 4
    assert trials.value.notna().all() and "params_ties.weight[rev]" not in trials
    quick = scores[(scores.stage == "search") & (scores.number == 0)]
    assert quick.groupby("task").size().to_dict() == {"tiny_reverse": 32, "tiny_sort": 32}
    first = trials[(trials.stage == "search") & (trials.number == 0)].iloc[0]
    assert quick.groupby("task").score.mean().mean() == pytest.approx(first.value)
    each = ["task_arithmetic.weight[rev][each]", "task_arithmetic.weight[sort][each]"]
    assert str(each) in printed
    assert said["run"].is_finished
    assert printed.count("generation0 ") == 8
    assert (tmp_path / "merged" / "config.json").exists()
    assert f"# evomerge recipe {said['recipe'].recipe_id}" in printed


def test_the_page_names_all_that_is_public() -> None:
    page = PAGE.read_text(encoding="utf-8")
    errors = {n for n in evomerge.__all__ if n.endswith("Error") or n == "RunConflict"}
    for name in {*evomerge.__all__} - errors - {"__version__"}:
        assert f"`{name}`" in page, name
