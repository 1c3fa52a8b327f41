"""What no point of a recipe could make right is refused before the first trial."""

from pathlib import Path

import pytest

from evomerge.errors import InputError
from evomerge.merge.models.compatibility import check_parents
from evomerge.preflight.fit import check_fit
from evomerge.space.reading.load import read_space

RECIPES = {
    "slice": "{merge_method: passthrough, slices: [{sources: [{model: a, layer_range: [0, 4]}]}]}",
    "stack": "{merge_method: passthrough, stack: {models: [a], layers: 4, blocks: 2, length: 2}}",
    "hole": "{merge_method: linear, models: [{model: a, parameters: {weight: "
    "{float: [0, 1], layers: 5, modules: [self_attn, mlp]}}}, "
    "{model: b, parameters: {weight: [{filter: norm, value: 1}, {value: 0.5}]}}]}",
}


def check(recipe: str, locations: dict[str, str], folder: Path) -> None:
    text = f"models: {{a: {locations['a']}, b: {locations['b']}}}\nrecipes:\n  - {recipe}\n"
    text += "evaluate: {tasks: [{task: toy, metric: acc}]}\n"
    space = read_space(text, folder / "space.yaml")
    check_fit(space.templates[0], check_parents({"a": locations["a"]}))


@pytest.mark.parametrize(
    ("recipe", "old", "new", "message"),
    [
        ("slice", "[0, 4]", "[0, 5]", "it asks for layer 5, but the models have 4"),
        ("stack", "layers: 4", "layers: 6", "the stack's layers is 6, but the models have 4"),
        ("hole", "layers: 5", "layers: 50", "50 anchors over 4 layers"),
        (
            "hole",
            "self_attn",
            "attn_self",
            "no tensor's name contains 'attn_self'. help: names are",
        ),
        ("hole", "filter: norm", "filter: gate_up", "no tensor's name contains 'gate_up'"),
    ],
)
def test_what_cannot_fit_is_refused(
    recipe: str, old: str, new: str, message: str, locations: dict[str, str], tmp_path: Path
) -> None:
    check(RECIPES[recipe], locations, tmp_path)
    with pytest.raises(InputError) as caught:
        check(RECIPES[recipe].replace(old, new), locations, tmp_path)
    assert message in str(caught.value)
    assert not caught.value.others
