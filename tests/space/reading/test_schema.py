"""The JSON Schema takes what the reader takes, and knows every key that the reader knows."""

import copy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from evomerge.errors import InputError
from evomerge.space.reading.load import KEYS, expanded, read_space
from evomerge.space.reading.schema import schema
from evomerge.space.reading.yaml import write_yaml

GALLERY = sorted((Path(__file__).parents[3] / "search_spaces").glob("*.yaml"))


def valid(document: Any) -> bool:
    validator = jsonschema.Draft202012Validator(schema())
    return bool(validator.is_valid(document))


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_it_knows_the_reader_s_keys() -> None:
    assert set(schema()["properties"]) == set(KEYS)


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_the_gallery_is_valid(path: Path) -> None:
    document = expanded(path)
    assert valid(document)
    assert valid(document | {"recipes": "auto"})


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_a_misspelt_key_is_refused_by_both(path: Path) -> None:
    document = expanded(path)
    for keys in _key_paths(document):
        if keys[0] == "models":
            continue
        broken = copy.deepcopy(document)
        node: Any = broken
        for key in keys[:-1]:
            node = node[key]
        node[f"{keys[-1]}x"] = node.pop(keys[-1])
        assert not valid(broken), keys
        with pytest.raises(InputError):
            read_space(write_yaml(broken), path)


def _key_paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(node, list):
        return [p for i, item in enumerate(node) for p in _key_paths(item, (*path, i))]
    if not isinstance(node, dict):
        return []
    here = [(*path, key) for key in node if key not in ("name", "objective", "search", "budget")]
    return here + [p for key, value in node.items() for p in _key_paths(value, (*path, key))]
