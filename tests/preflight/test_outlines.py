"""Tensors come from the files of the base, or from what the zoo says of models not made yet."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from evomerge.errors import InputError
from evomerge.preflight.locating import locations
from evomerge.preflight.outlines import unfolded
from evomerge.space.reading.load import read_space
from evomerge.space.space import Space
from evomerge.zoo.family import llama_tensors


def space_of(base: object, a: object, words: str = "tensors: each") -> Space:
    text = f"""\
models: {{base: "{base}", a: "{a}"}}
recipes:
  - merge_method: task_arithmetic
    base_model: base
    models:
      - {{model: a, parameters: {{weight: {{float: [0, 1], {words}}}}}}}
evaluate: {{tasks: [{{task: toy, metric: acc}}]}}
"""
    return read_space(text, Path("/spaces/space.yaml"))


def write(folder: Path, layers: int) -> Path:
    folder.mkdir()
    names = llama_tensors(layers, tied=False)
    save_file({name: np.zeros(1, dtype=np.float32) for name in names}, folder / "model.safetensors")
    return folder


def test_the_base_models_files_tell_its_tensors(tmp_path: Path) -> None:
    space = space_of(write(tmp_path / "base", 2), write(tmp_path / "a", 3))
    found = unfolded(space, locations(space), fetch=False)
    assert len(found.parameters()) == len(llama_tensors(2, tied=False))


def test_zoo_models_are_known_before_they_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVOMERGE_CACHE", str(tmp_path))
    space = space_of("zoo://tiny/base", "zoo://tiny/sort+zoo://tiny/sort-lora", "layers: each")
    assert len(unfolded(space, locations(space), fetch=False).parameters()) == 4


def test_a_hub_model_that_is_not_here_leaves_the_hole_as_it_is() -> None:
    space = space_of("org/no-such-model", "org/none")
    assert unfolded(space, locations(space), fetch=False) == space


def test_pickles_do_not_tell_and_all_of_them_are_named(tmp_path: Path) -> None:
    import torch

    for name in ("base", "a"):
        (tmp_path / name).mkdir()
        torch.save({}, tmp_path / name / "pytorch_model.bin")
    source = space_of(tmp_path / "base", tmp_path / "a").source
    recipe = source[source.index("  - merge_method") : source.index("evaluate")]
    other = recipe.replace("base_model: base", "base_model: a").replace("model: a,", "model: base,")
    space = read_space(source.replace("evaluate", recipe + other + "evaluate"), tmp_path / "s.yaml")
    with pytest.raises(InputError, match="save the model as safetensors") as caught:
        unfolded(space, locations(space))
    told = [caught.value.where, *(error.where for error in caught.value.others)]
    assert told == [str(tmp_path / "base"), str(tmp_path / "a")]


def test_shared_names_agree_once_they_are_known(tmp_path: Path) -> None:
    base = write(tmp_path / "base", 3)
    space = space_of(base, "org/a", "layers: each, name: w")
    other = space_of(base, "org/a", "layers: 3, name: w").source.replace("[0, 1]", "[0, 2]")
    recipe = other[other.index("  - merge_method") : other.index("evaluate")]
    both = space.source.replace("evaluate", recipe + "evaluate")
    read = read_space(both, space.path)
    with pytest.raises(InputError, match=r"holes named 'w\[0\]' differ"):
        unfolded(read, locations(read))
