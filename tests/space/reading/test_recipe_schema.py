"""The recipes' part of the JSON Schema takes what the reader takes, and no key besides."""

import copy
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evomerge.errors import InputError
from evomerge.methods.table import MERGEKIT
from evomerge.space.reading.expanded import expanded
from evomerge.space.reading.load import load_space, read_space
from evomerge.space.reading.schema import schema
from evomerge.space.reading.yaml import write_yaml

GALLERY = sorted((Path(__file__).parents[3] / "search_spaces").glob("*.yaml"))


@pytest.fixture(scope="module")
def validator() -> Any:
    return jsonschema.Draft202012Validator(schema())


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_the_gallery_is_valid(validator: Any, path: Path) -> None:
    document = expanded(load_space(path))
    assert validator.is_valid(document)
    assert validator.is_valid(document | {"recipes": "auto"})


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_a_misspelt_key_is_refused_by_both(validator: Any, path: Path) -> None:
    document = expanded(load_space(path))
    for keys in _key_paths(document).values():
        broken = copy.deepcopy(document)
        node: Any = broken
        for key in keys[:-1]:
            node = node[key]
        node[f"{keys[-1]}x"] = node.pop(keys[-1])
        assert not validator.is_valid(broken), keys
        with pytest.raises(InputError):
            read_space(write_yaml(broken), path)


def _key_paths(document: dict[str, Any]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Return a path to each key under `recipes`, one of those that differ by list items alone."""
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    left: list[tuple[tuple[Any, ...], Any]] = [(("recipes",), document["recipes"])]
    while left:
        path, node = left.pop()
        if isinstance(node, list):
            left += [((*path, index), item) for index, item in enumerate(node)]
        elif isinstance(node, dict):
            left += [((*path, key), value) for key, value in node.items()]
            for key in node.keys() - {"name"}:
                found[(*(step for step in path if isinstance(step, str)), key)] = (*path, key)
    return found


VALUES = [
    *(None, True, -1, 0, 1, 2, 5, 0.5, 5.5, -0.5, "", "x", "float99", "float16", "hidden", [], {}),
    *([0.2, 0.4], ["x"], {"value": 0.5}, {"filter": "mlp", "value": [0.1, 0.5]}, {"filter": 1}),
    *({"float": [0.1, 0.4]}, {"float": [1.5, 2.5], "layers": 3}, {"int": [1, 2], "log": True}),
    *({"float": [0.2, 0.4], "step": 0.1, "modules": ["mlp"]}, {"int": [1, 2], "step": 0.5}),
    *({"choice": [True, False]}, {"choice": [0.5]}, {"choice": ["ties"]}, {"choice": ["bfloat16"]}),
    *({"choice": [1], "log": False}, {"choice": []}, {"float": [0.1, 0.4], "int": [1, 2]}),
]
KEYS = ["dtype", "out_dtype", "gate_mode", "density", "weight", "normalize", "log", "step", "value"]
KEYS += ["layers", "stack", "models", "slices", "parameters", "tokenizer", "first", "noise_scale"]

PARAMETERS = "|".join(sorted({name for method in MERGEKIT.values() for name in method.parameters}))
UNTOLD = re.compile(
    rf"unknown model|unknown key '({PARAMETERS})'|needs? |takes |stands twice|"
    "twice in one merge|upside down|a log range starts|exclude each other|does not divide|differ|"
    "one value for the whole merge|cannot share|equally many layers|the last slice has|not both|"
    "a stack is merged by|does not take a pair|must be a whole number from"
)
"""What depends on the method, on other values or on the models: no schema can tell it."""
SPACES = {
    path.stem: expanded(load_space(path))
    for path in GALLERY
    if path.stem not in ("all-methods", "smollm2")  # long, and nothing new
}
VALIDATOR = jsonschema.Draft202012Validator(schema())


@st.composite
def changed(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a space of the gallery in which one value or key of its recipes is another."""
    document = copy.deepcopy(SPACES[draw(st.sampled_from(sorted(SPACES)))])
    *above, key = draw(st.sampled_from([*_key_paths(document).values()]))
    node: Any = document
    for step in above:
        node = node[step]
    change = draw(st.sampled_from(["value", "item", "added", "renamed", "left out"]))
    if change == "item" and isinstance(node[key], list) and node[key]:
        node, key = node[key], draw(st.integers(0, len(node[key]) - 1))
    if change in ("value", "item"):
        node[key] = draw(st.sampled_from(VALUES))
    elif change == "added":
        node.setdefault(draw(st.sampled_from(KEYS)), draw(st.sampled_from(VALUES)))
    else:
        value = node.pop(key)
        if change == "renamed":
            node[draw(st.sampled_from(KEYS))] = value
    return document


def made(space: str, *path: Any, value: Any) -> dict[str, Any]:
    """Return a space of the gallery in which one value is another."""
    document = copy.deepcopy(SPACES[space])
    node: Any = document
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return document


@settings(max_examples=200)
@given(changed())
@example(made("ties-density", "recipes", 0, "dtype", value="float99"))
@example(made("moe", "recipes", 0, "gate_mode", value="sideways"))
@example(made("ties-density", "recipes", 0, "models", 0, "parameters", "density", value=5))
@example(made("ties-density", "recipes", 0, "models", 0, "parameters", "density", value={}))
def test_reader_and_schema_agree_on_changed_recipes(document: dict[str, Any]) -> None:
    try:
        read_space(write_yaml(document), GALLERY[0])
        told: list[InputError] = []
    except InputError as error:
        told = [error, *error.others]
    if VALIDATOR.is_valid(document):
        assert [str(error) for error in told if not UNTOLD.search(str(error))] == []
    else:
        assert told
