"""The recipes' part of the JSON Schema takes what the reader takes, and no key besides."""

import copy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from evomerge.errors import InputError
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
