from enum import Enum
from pathlib import Path

import numpy as np
import pytest

from evomerge.errors import InputError
from evomerge.space.reading.plain import plain_values


class Color(Enum):
    RED = "red"


def test_numbers_paths_and_tuples_become_what_yaml_loads() -> None:
    document = {
        "int": np.int64(3),
        "float": np.float32(0.5),
        "truth": np.bool_(True),
        "text": np.str_("a"),
        "path": Path("/m/a"),
        "list": (1, {"two": np.float64(2)}),
        "none": None,
    }
    found = plain_values(document)
    assert found == {
        "int": 3,
        "float": 0.5,
        "truth": True,
        "text": "a",
        "path": "/m/a",
        "list": [1, {"two": 2.0}],
        "none": None,
    }
    kinds = [type(value) for value in found.values()]
    assert kinds == [int, float, bool, str, str, list, type(None)]


def test_every_other_value_is_refused_at_its_key() -> None:
    with pytest.raises(InputError) as caught:
        plain_values({"a": {1, 2}, "b": [0, {"c": Color.RED}], ("d", "e"): 1, "f": np.ones(2)})
    told = [(error.where, error.what) for error in (caught.value, *caught.value.others)]
    assert [where for where, _ in told] == ["a", "b.1.c", "('d', 'e')", "f"]
    assert "{1, 2} is no value that YAML can hold" in told[0][1]
