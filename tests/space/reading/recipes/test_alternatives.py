"""Alternatives of a space: labels of their own, and holes that share names agree."""

from pathlib import Path

import pytest

from evomerge.errors import InputError
from evomerge.space.reading.load import read_space
from evomerge.space.space import Space

LINEAR = "{merge_method: linear, models: [{model: a, parameters: {weight: W}}]}"


def space(*recipes: str) -> Space:
    text = "models: {a: org/a}\nevaluate: {tasks: [{task: toy, metric: acc}]}\nrecipes:\n"
    text += "".join(f"  - {recipe}\n" for recipe in recipes)
    return read_space(text, Path("space.yaml"))


def linear(weight: str = "1", name: str = "") -> str:
    named = LINEAR.replace("{merge", f"{{name: {name}, merge") if name else LINEAR
    return named.replace("W", weight)


def test_labels_are_unique() -> None:
    choice = "{merge_method: {choice: [ties, dare_ties]}, base_model: a, models: [{model: a, "
    choice += "parameters: {weight: 1}}]}"
    read = space(linear(), linear(), linear(name="linear-2"), choice)
    assert [t.label for t in read.templates] == ["linear", "linear-3", "linear-2", "recipe3"]


@pytest.mark.parametrize(
    ("recipes", "message"),
    [
        ((linear(name="a/b"),), "space.yaml:4:12: name must be a name, got 'a/b'"),
        ((linear(name="x"), linear(name="x")), "space.yaml:5:12: name 'x' stands twice"),
        (
            (linear("{float: [0, 1], name: w}"), linear("{float: [0, 2], name: w}")),
            "space.yaml:5:5: holes named 'w' differ: [0, 1] and [0, 2]. help: give them one range",
        ),
    ],
)
def test_each_mistake_has_its_message(recipes: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError) as caught:
        space(*recipes)
    assert message in str(caught.value)


def test_shared_names_make_one_parameter_of_several_recipes() -> None:
    read = space(*[linear("{float: [0, 1], name: w}", name) for name in ("x", "y")])
    assert [p.name for p in read.parameters()] == ["recipe", "w"]
