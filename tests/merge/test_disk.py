"""A merged folder is there whole, or not at all."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer

from evomerge.errors import Failure, InputError, PlatformError, TrialError
from evomerge.files import make_whole
from evomerge.merge import disk
from evomerge.merge.disk import merge_to_disk
from evomerge.merge.memory import InMemory
from evomerge.merge.mergekit import folder
from evomerge.merge.weights import Weights
from evomerge.recipe.recipe import Recipe


@pytest.fixture
def recipe(make: SimpleNamespace) -> Recipe:
    return Recipe.from_document(make.weighted("dare_ties", base_model="base"))


def test_writes_model_tokenizer_recipe_and_card(
    recipe: Recipe,
    locations: dict[str, str],
    cache: Path,
    tmp_path: Path,
    same_tensors: Callable[[Weights, Path], None],
) -> None:
    out = merge_to_disk(recipe, locations, tmp_path / "new" / "out", cache, origin=["scored .5"])
    same_tensors(InMemory(locations, cache).weights(recipe), out)
    AutoModelForCausalLM.from_pretrained(out)
    assert AutoTokenizer.from_pretrained(out)("abc")["input_ids"] == [3, 4, 5]
    card = (out / "README.md").read_text()
    assert card.startswith("---\n") and "# out" in card and "scored .5" in card
    assert all(locations[name] in card for name in ("base", "a", "b", "c"))
    assert f"--random-seed {recipe.seed}" in card
    written = Recipe.from_yaml((out / "mergekit_config.yml").read_text())
    assert written == recipe.with_models(locations)
    assert [p.name for p in out.parent.iterdir()] == ["out"]


def test_a_taken_target(
    recipe: Recipe, locations: dict[str, str], cache: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        merge_to_disk(recipe, locations, tmp_path / "file", cache)
    out = tmp_path / "out"
    out.mkdir()
    merge_to_disk(recipe, locations, out, cache)
    (out / "old").write_text("")
    with pytest.raises(InputError, match="not empty"):
        merge_to_disk(recipe, locations, out, cache)
    merge_to_disk(recipe, locations, out, cache, force=True)
    assert not (out / "old").exists()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letters").write_text("dear")
    with pytest.raises(InputError, match="holds no config"):
        merge_to_disk(recipe, locations, tmp_path / "home", cache, force=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "home", "out"]


def test_a_target_that_another_took_meanwhile_stays(
    recipe: Recipe,
    locations: dict[str, str],
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"

    def second(folder: Path, fill: Callable[[Path], None]) -> None:
        out.mkdir()
        (out / "config.json").write_text("the first's")
        make_whole(folder, fill)

    monkeypatch.setattr(disk, "make_whole", second)
    with pytest.raises(InputError, match="not empty"):
        merge_to_disk(recipe, locations, out, cache)
    assert (out / "config.json").read_text() == "the first's"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_failed_merge_leaves_nothing(
    make: SimpleNamespace, locations: dict[str, str], cache: Path, tmp_path: Path
) -> None:
    out = merge_to_disk(
        Recipe.from_document(make.weighted("linear")), locations, tmp_path / "out", cache
    )
    before = {p.name: p.stat().st_mtime_ns for p in out.iterdir()}
    zero = Recipe.from_document(make.weighted("linear", 0.0))
    with pytest.raises(TrialError) as caught:
        merge_to_disk(zero, locations, out, cache, force=True)
    assert caught.value.failure is Failure.NAN_WEIGHTS
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert before == {p.name: p.stat().st_mtime_ns for p in out.iterdir()}


def test_an_interrupt_leaves_nothing(
    recipe: Recipe,
    locations: dict[str, str],
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(folder, "generate_card", interrupt)
    with pytest.raises(KeyboardInterrupt):
        merge_to_disk(recipe, locations, tmp_path / "out", cache)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk(
    recipe: Recipe, locations: dict[str, str], cache: Path, tiny_disk: Path
) -> None:
    with pytest.raises(PlatformError, match="the disk is full"):
        merge_to_disk(recipe, locations, tiny_disk / "out", cache)
    assert list(tiny_disk.iterdir()) == []


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left (os error 28)"),
    ],
)
def test_each_sign_of_a_full_disk(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="the disk is full"), disk.write_errors(tmp_path):
        raise error


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_an_unwritable_folder(
    recipe: Recipe, locations: dict[str, str], cache: Path, tmp_path: Path
) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PlatformError, match="Permission denied"):
            merge_to_disk(recipe, locations, tmp_path / "out", cache)
    finally:
        tmp_path.chmod(0o700)


def test_a_parent_folder_that_is_a_file(
    recipe: Recipe, locations: dict[str, str], cache: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PlatformError, match="cannot write the model folder"):
        merge_to_disk(recipe, locations, tmp_path / "file" / "out", cache)


def test_a_tokenizer_of_two_parents(
    make: SimpleNamespace, locations: dict[str, str], cache: Path, tmp_path: Path
) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    shutil.copytree(locations["b"], tmp_path / "b")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "b")
    tokenizer.add_tokens(["!"])
    tokenizer.save_pretrained(tmp_path / "b")
    config = LlamaConfig.from_pretrained(tmp_path / "b", vocab_size=32)
    LlamaForCausalLM(config).save_pretrained(tmp_path / "b")
    where = {"a": locations["a"], "b": str(tmp_path / "b")}
    recipe = Recipe.from_document(
        make.weighted("linear", models="ab", base_model="a", tokenizer_source="union")
    )
    out = merge_to_disk(recipe, where, tmp_path / "out", cache)
    model = AutoModelForCausalLM.from_pretrained(out)
    assert model.get_input_embeddings().weight.shape[0] == 32
    ours = InMemory(where, cache).tokenizer(recipe)
    assert AutoTokenizer.from_pretrained(out).get_vocab() == ours.get_vocab()


def test_relative_folders_need_no_hub(
    locations: dict[str, str],
    cache: Path,
    tmp_path: Path,
    make: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copytree(Path(locations["a"]).parent, tmp_path / "parents")
    monkeypatch.chdir(tmp_path)
    where = {name: f"parents/{name}" for name in "ab"}
    out = merge_to_disk(
        Recipe.from_document(make.weighted("linear", models="ab")), where, "out", cache
    )
    assert str(tmp_path / "parents" / "a") in (out / "README.md").read_text()
