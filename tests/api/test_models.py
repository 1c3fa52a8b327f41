from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evomerge import Failure, InputError, Recipe, TrialError, merge_recipe, score

from .conftest import Searched

TASKS = {"toy_next": "acc"}


def linear(family: dict[str, Path], *weights: float) -> Recipe:
    models = [
        {"model": str(family[name]), "parameters": {"weight": weight}}
        for name, weight in zip("ab", weights, strict=True)
    ]
    return Recipe.from_document({"merge_method": "linear", "models": models, "dtype": "float32"})


def test_scores_are_those_of_a_search(
    searched: Searched, family: dict[str, Path], task_path: Path
) -> None:
    wanted = next(t for t, _ in searched.stopped if t.label == "parent a")
    found = score(family["a"], TASKS, task_path=task_path, documents=16)
    assert found["toy_next"].per_doc == wanted.result.scores["toy_next"].per_doc
    recipe = searched.finished.outcome.winner.recipe
    told = [t for t, _ in searched.stopped + searched.told if t.recipe == recipe]
    quick = next(t for t in told if t.documents == "quick")
    merged = score(recipe, TASKS, task_path=task_path, documents=16)
    assert merged["toy_next"].per_doc == quick.result.scores["toy_next"].per_doc


def test_a_recipe_that_cannot_be_merged_raises_its_failure(
    family: dict[str, Path], task_path: Path
) -> None:
    with pytest.raises(TrialError) as caught:
        score(linear(family, 1.0, -1.0), TASKS, task_path=task_path, documents=4)
    assert caught.value.failure is Failure.NAN_WEIGHTS


def test_what_is_no_model_is_said(task_path: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        score(tmp_path / "none", TASKS, task_path=task_path)


def test_a_recipe_becomes_a_folder(family: dict[str, Path], tmp_path: Path) -> None:
    recipe = linear(family, 0.3, 0.7)
    folder = merge_recipe(recipe, tmp_path / "out")
    assert (folder / "model.safetensors").exists() and (folder / "tokenizer.json").exists()
    (tmp_path / "recipe.yaml").write_text(recipe.to_yaml())
    again = merge_recipe(tmp_path / "recipe.yaml", tmp_path / "again")
    assert (again / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes()
    with pytest.raises(InputError, match="not empty"):
        merge_recipe(recipe, tmp_path / "out")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"documents": 0}, r"^documents: quick must be a whole number of at least 1, got 0"),
        ({"seed": -1}, r"^seed: seed must be "),
        ({"gpus": 1.5}, r"^gpus: gpus must be 0, a fraction of one GPU, or a whole number, got 1"),
        ({"tasks": {}}, r"^tasks: "),
        ({"tasks": {"toy_next": 3}}, r"^tasks: task 'toy_next' needs metric"),
        ({"tasks": ["toy_next"]}, r"^tasks: expected a mapping, got \['toy_next'\]"),
        ({"chat_template": {1}}, r"^chat_template: \{1\} is no value"),
        ({"task_path": "none"}, r"^task_path: no such folder: .*none. help: a relative one starts"),
        ({"plugins": ["none.py"]}, r"none\.py"),
    ],
)
def test_wrong_arguments_are_named(
    wrong: dict[str, Any], message: str, family: dict[str, Path], task_path: Path
) -> None:
    arguments = {"tasks": TASKS, "task_path": task_path, "documents": 4} | wrong
    with pytest.raises(InputError, match=message):
        score(family["a"], **arguments)


def test_numbers_may_be_those_of_numpy(family: dict[str, Path], task_path: Path) -> None:
    found = score(family["a"], TASKS, task_path=task_path, documents=np.int64(4))
    assert len(found["toy_next"].doc_ids) == 4
