"""Where each layer means nothing, a file is told so at its place."""

import pytest

from ...examples import STACK, mistake, read

SLICES = """\
models: {a: org/a, b: org/b}
recipes:
  - merge_method: linear
    slices:
      - sources:
          - {model: a, layer_range: [0, 2], parameters: {weight: {float: [0, 1], layers: each}}}
          - {model: b, layer_range: [0, 2], parameters: {weight: 1}}
      - sources:
          - {model: a, layer_range: [2, 4]}
          - {model: b, layer_range: [2, 4]}
        parameters: {weight: {float: [0, 1], modules: each}}
    parameters: {normalize: true}
evaluate: {tasks: [{task: toy, metric: acc}]}
"""
EACH = "{choice: [true, false], layers: each}"


def test_slices_of_fixed_layers_take_it() -> None:
    assert len(read(SLICES).parameters()) == 2


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "[0, 2]",
            "[{int: [0, 1]}, 2]",
            "6:102: layers: each is not defined here: a hole",
        ),
        ("normalize: true", f"normalize: {EACH}", "runs over each slice anew"),
    ],
)
def test_open_layers_are_refused(old: str, new: str, told: str) -> None:
    assert told in mistake(SLICES, old, new)


def test_blocks_of_a_stack_have_no_fixed_layers() -> None:
    value = "value: {float: [0.5, 1]}"
    told = mistake(STACK, value, "value: {float: [0.5, 1], layers: each}")
    assert "layers: each is not defined here: the blocks of a stack differ" in told


MODULES = """\
models: {a: org/a, b: org/b}
recipes:
  - merge_method: linear
    modules:
      text:
        models:
          - {model: a, parameters: {weight: {float: [0, 1], tensors: each}}}
          - {model: b, parameters: {weight: 1}}
      vision: {models: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 1}}]}
evaluate: {tasks: [{task: toy, metric: acc}]}
"""


@pytest.mark.parametrize("word", ["layers", "modules", "tensors"])
def test_one_of_several_modules_does_not_know_its_tensors(word: str) -> None:
    told = mistake(MODULES, "tensors: each", f"{word}: each")
    assert f"{word}: each is not defined here: the names of tensors do not tell" in told
    alone = "\n".join(line for line in MODULES.splitlines() if "vision" not in line)
    assert len(read(alone.replace("tensors: each", f"{word}: each")).parameters()) == 1
