"""Values and holes: each kind of hole says what the reader's table lets it say."""

from typing import Any

import jsonschema
import pytest

from evomerge.space.reading.value_schema import definitions, hole, one_of

SHARE = {"$ref": "#/$defs/share", "$defs": definitions()}


@pytest.mark.parametrize(
    ("value", "right"),
    [
        (0.5, True),
        (5, False),
        (True, False),
        ([0.1, {"float": [0, 1]}], True),
        ([0.1, {"float": [0, 1], "layers": 3}], False),
        ({"float": [0, 1], "layers": "each", "modules": "each"}, True),
        ({"float": [0, 1], "layers": "all"}, False),
        ({"float": [0, 1], "tensors": "each"}, True),
        ({"float": [0, 1], "tensors": "each", "layers": 2}, False),
        ({"float": [0, 1], "layers": 3, "modules": ["mlp"], "log": False}, True),
        ({"float": [0, 2]}, False),
        ({"choice": [0.1, 2]}, False),
        ({"choice": [0.1], "log": True}, False),
        ({"float": [0, 1], "choice": [0.1]}, False),
        ([{"filter": "mlp", "value": {"float": [0, 1], "layers": 3}}, {"value": 1}], True),
        ({"filter": "mlp"}, False),
        ([], False),
        ({}, False),
    ],
)
def test_a_share(value: Any, right: bool) -> None:
    assert jsonschema.Draft202012Validator(SHARE).is_valid(value) is right


def test_names_and_numbers_take_holes_of_their_kind() -> None:
    names = jsonschema.Draft202012Validator(one_of(["a", "b"]))
    assert [names.is_valid(v) for v in ("a", "c", {"choice": ["b"]}, {"choice": ["c"]})] == [
        *(True, False, True, False)
    ]
    whole = jsonschema.Draft202012Validator(hole({"type": "integer"}))
    assert [whole.is_valid(v) for v in ({"int": [1, 2]}, {"float": [1, 2]})] == [True, False]
