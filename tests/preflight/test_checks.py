"""A search and a merge are refused before they begin, with everything that is wrong."""

import shutil
import sys
from pathlib import Path

import pytest

from evomerge.errors import InputError, PlatformError
from evomerge.preflight import checks
from evomerge.preflight.checks import check_merge, check_models, check_search
from evomerge.recipe.recipe import Recipe
from evomerge.space.reading.load import read_space
from evomerge.space.space import Space

SPACE = """
models: {{a: {a}, b: {b}}}
recipes:
  - merge_method: linear
    models: [{{model: a, parameters: {{weight: 1}}}}, {{model: b, parameters: {{weight: 1}}}}]
evaluate: {{tasks: [{{task: toy_next, metric: acc}}], task_path: {task_path}, quick: 4, confirm: 4,
  held_out: 4}}
"""


@pytest.fixture
def space(locations: dict[str, str], task_path: Path, tmp_path: Path) -> Space:
    text = SPACE.format(**locations, task_path=task_path)
    return read_space(text, tmp_path / "space.yaml")


def check(space: Space) -> None:
    where = {reference: reference for reference in space.references}
    check_search(space, where, pytest.fail)


def changed(space: Space, old: str, new: str) -> Space:
    assert old in space.source
    return read_space(space.source.replace(old, new), space.path)


def test_a_search_that_can_begin(space: Space) -> None:
    check(space)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            "toy_next",
            "toy_nest",
            "task toy_nest: lm-eval has no task 'toy_nest'",
            marks=pytest.mark.slow,
        ),
        ("metric: acc", "metric: acd", "task toy_next: no metric 'acd'"),
        ("quick: 4", "quick: 4000", "but quick + confirm + held_out ask for 4008"),
        ("weight: 1}", "weight: {float: [0, 1], layers: 50}}", "50 anchors over 4 layers"),
    ],
)
def test_recipes_and_tasks_are_checked(space: Space, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        check(changed(space, old, new))
    assert message in str(caught.value)


def test_models_are_checked(space: Space, tmp_path: Path) -> None:
    shutil.copytree(space.models["b"], tmp_path / "b")
    (tmp_path / "b" / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"no model\.safetensors"):
        check(changed(space, space.models["b"], str(tmp_path / "b")))


def test_a_gpu_that_is_not_there(space: Space) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(PlatformError, match=r"workers\.gpus: a GPU was asked for"):
        check(read_space(space.source + "workers: {gpus: 1}\n", space.path))


def test_fewer_gpus_than_workers_ask_for(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    checks._check_gpu(read_space(space.source + "workers: {gpus: 0.5}\n", space.path))
    with pytest.raises(PlatformError, match="2 GPUs were asked for, and torch finds 1"):
        checks._check_gpu(read_space(space.source + "workers: {gpus: 2}\n", space.path))


def test_tasks_without_a_loss_are_told_before_a_gradient_is_descended(
    space: Space, task_path: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    known = {reference: reference for reference in space.references}
    shutil.copytree(task_path, tmp_path / "tasks")
    with (tmp_path / "tasks" / "toy_pick.yaml").open("a") as file:
        file.write("repeats: 2\n")
    both = changed(space, "metric: acc}", "metric: acc}, {task: toy_pick, metric: acc}")
    both = changed(both, str(task_path), str(tmp_path / "tasks"))
    check_search(both, known, told.append)
    assert told == []
    descends = read_space(both.source + "search: {sampler: gradient}\n", both.path)
    check_search(descends, known, told.append)
    assert len(told) == 1
    assert "toy_pick: it asks each question several times" in told[0]
    alone = changed(descends, "{task: toy_next, metric: acc}, ", "")
    with pytest.raises(InputError, match="gradient needs a task with a loss, and there is none"):
        check_search(alone, known, told.append)


def test_a_recipe_that_mergekit_does_not_take(locations: dict[str, str]) -> None:
    models = [{"model": name, "parameters": {"weight": 1}} for name in ("a", "b")]
    good = {"merge_method": "linear", "models": models}
    check_merge(Recipe.from_document(good), locations, "recipe.yaml")
    bad = Recipe.from_document(good | {"models": 3})
    with pytest.raises(InputError, match=r"recipe\.yaml: mergekit does not take this recipe"):
        check_merge(bad, locations, "recipe.yaml")


def test_what_a_recipe_says_of_slices_and_tokenizers_counts(
    locations: dict[str, str], tmp_path: Path
) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    shutil.copytree(locations["a"], tmp_path / "odd")
    config = LlamaConfig.from_pretrained(tmp_path / "odd", num_hidden_layers=6, vocab_size=40)
    LlamaForCausalLM(config).save_pretrained(tmp_path / "odd")
    pair = {"a": locations["a"], "odd": str(tmp_path / "odd")}
    for document in ({}, {"slices": []}, {"tokenizer_source": "union"}):
        with pytest.raises(InputError, match="different"):
            check_models(document, pair)
    found = check_models({"slices": [], "tokenizer_source": "union"}, pair)
    assert [found[name].layers for name in pair] == [4, 6]


def test_nothing_heavy_is_loaded_until_it_is_needed() -> None:
    import subprocess

    code = "import sys, evomerge.preflight.checks; print({'torch', 'mergekit'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
