"""Models that are merged, as a list or slice by slice."""

import pytest

from ...examples import PLAIN, mistake, read

SLICES = """\
  - merge_method: passthrough
    slices:
      - sources: [{model: rev, layer_range: [0, 2]}]
      - sources: [{model: sort, layer_range: [{int: [0, 2]}, 4]}]
"""
WITH_SLICES = PLAIN.replace("recipes:\n", f"recipes:\n{SLICES}")

MISTAKES = {
    "range upside down": ("[0, 2]}]", "[2, 0]}]", "layer_range is upside down or empty"),
    "float layer": ("{int: [0, 2]}", "{float: [0, 2]}", "a layer is a whole number from 0"),
    "no range": (", layer_range: [0, 2]}]", "}]", "layer_range must be [first, end]"),
    "unequal lengths": (
        "[{model: rev, layer_range: [0, 2]}]",
        "[{model: rev, layer_range: [0, 2]}, {model: sort, layer_range: [0, 3]}]",
        "equally many layers",
    ),
    "passthrough of two": (
        "[{model: rev, layer_range: [0, 2]}]",
        "[{model: rev, layer_range: [0, 2]}, {model: sort, layer_range: [0, 2]}]",
        "passthrough takes exactly 1 models, got 2",
    ),
    "base not among sources": (
        "merge_method: passthrough",
        "merge_method: task_arithmetic\n    base_model: base\n    parameters: {weight: 1.0}",
        "needs the base model 'base' among the sources",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_in_slices_has_its_message(name: str) -> None:
    old, new, message = MISTAKES[name]
    assert old in SLICES
    assert message in mistake(WITH_SLICES, old, new)


def test_layers_may_be_holes() -> None:
    space = read(WITH_SLICES)
    assert "passthrough.layer_range[slice1.sort.0]" in [p.name for p in space.parameters()]
    choice = WITH_SLICES.replace("{int: [0, 2]}", "{choice: [0, 2]}")
    assert read(choice).templates[0].document["slices"][0]["sources"] == [
        {"model": "rev", "layer_range": [0, 2]}
    ]
