"""What a parameter is set to: scalars, gradients, filters."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from evomerge.recipe.values import filtered, rebuild_value

SCALARS = st.floats(0, 1) | st.booleans()
GRADIENTS = SCALARS | st.lists(SCALARS, min_size=1, max_size=3)
ENTRIES = st.fixed_dictionaries({"filter": st.text(max_size=3), "value": GRADIENTS})
VALUES = GRADIENTS | st.lists(ENTRIES, min_size=1, max_size=3)


@given(VALUES)
def test_a_value_is_rebuilt_as_it_was(value: Any) -> None:
    assert rebuild_value(value, "w", lambda leaf, _: leaf) == value


def test_each_scalar_has_a_readable_name() -> None:
    value = [{"filter": "mlp", "value": [1, 2]}, {"value": 3}]
    names: dict[str, Any] = {}
    rebuild_value(value, "t[a]", lambda leaf, name: names.setdefault(name, leaf))
    assert names == {"t[a][mlp][0]": 1, "t[a][mlp][1]": 2, "t[a][rest]": 3}
    assert list(filtered(value)) == [("mlp", [1, 2]), (None, 3)]
    assert list(filtered([1, 2])) == []
