"""Which models fit each other, and which one the others came from."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evomerge.errors import InputError
from evomerge.merge.models.family import find_family, stated_base
from evomerge.merge.models.metadata import read_metadata


def test_a_model_called_base_comes_first(locations: dict[str, str]) -> None:
    found = find_family([locations["a"], locations["base"]])
    assert list(found.models.items()) == [("base", locations["base"]), ("a", locations["a"])]
    assert (found.base, found.why_base) == ("base", "its name says so")
    assert found.metadata["a"].layers == 4
    assert found.left_out == {}


@pytest.mark.parametrize(
    ("card", "base"),
    [
        ("---\nbase_model: one/model\n---\n", "one/model"),
        ("---\nbase_model: [one/model]\n---\n", "one/model"),
        ("---\nbase_model: [one/model, another]\n---\n", None),
        ("---\n: : :\n---\n", None),
        ("# no header\nbase_model: one/model\n", None),
    ],
)
def test_a_card_may_name_the_base(card: str, base: str | None, sibling: Callable[..., str]) -> None:
    folder = sibling("x")
    (Path(folder) / "README.md").write_text(card)
    assert stated_base(read_metadata("x", folder)) == base


def test_the_common_architecture_stays(
    locations: dict[str, str], sibling: Callable[..., str]
) -> None:
    deep = sibling("deep", num_hidden_layers=6)
    found = find_family([locations["a"], deep, locations["b"]])
    assert list(found.models) == ["a", "b"]
    assert found.left_out == {deep: f"different depths, 4 and 6 layers (against {locations['a']})"}
    shutil.rmtree(deep)
    with pytest.raises(InputError, match=r"no two models .*no such folder"):
        find_family([locations["a"], deep])
