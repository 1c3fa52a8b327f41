"""Any text is a reference, and says the same again."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evomerge.recipe.reference import Reference, ZooModel, absolute_path, short_names

TEXTS = st.text(alphabet=st.sampled_from("ab/.~:@+"), max_size=20) | st.text(max_size=20)
NAMES = st.text(alphabet="ab/.-", min_size=1, max_size=8)
PARTS = st.builds(Reference, NAMES, st.none() | NAMES)
PLAIN = st.builds(Reference, NAMES, st.none() | NAMES, st.none() | PARTS)


@given(TEXTS)
def test_any_text_comes_back(text: str) -> None:
    reference = Reference.parse(text)
    assert str(reference) == text
    assert str(reference.each(lambda part: part)) == text
    assert all(part.adapter is None for part in reference.parts)


@given(PLAIN)
def test_any_reference_comes_back(reference: Reference) -> None:
    assert Reference.parse(str(reference)) == reference
    assert reference.is_plain
    assert reference.alone.with_adapter("x").alone == reference.alone


def test_what_a_reference_is_made_of() -> None:
    reference = Reference.parse("org/model@main+org/adapter@v2")
    adapter = Reference("org/adapter", "v2")
    assert reference == Reference("org/model", "main", adapter)
    assert reference.parts == (Reference("org/model", "main"), adapter)
    assert Reference("org/model", "main").with_adapter(adapter) == reference
    assert Reference.parse("/here/model+x").folder == Path("/here/model")


@pytest.mark.parametrize("text", ["", "a+", "+a", "a+b+c", "a@b@c", "a+b@c@d"])
def test_what_mergekit_would_misread_is_not_plain(text: str) -> None:
    assert not Reference.parse(text).is_plain


def test_zoo_models() -> None:
    reference = Reference.parse("zoo://tiny/base+zoo://tiny/sort-lora")
    assert reference.zoo == ZooModel("tiny", "base")
    assert [str(model) for model in reference.zoo_models] == [
        "zoo://tiny/base",
        "zoo://tiny/sort-lora",
    ]
    mixed = Reference.parse("org/model+zoo://tiny/sort-lora")
    assert mixed.zoo is None
    assert mixed.zoo_models == (ZooModel("tiny", "sort-lora"),)


def test_folders_become_absolute_hub_ids_and_zoo_models_stay(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()

    def absolute(text: str) -> str:
        return str(Reference.parse(text).absolute(tmp_path))

    assert absolute("mine") == f"{tmp_path}/mine"
    assert absolute("./there+../lora") == f"{tmp_path}/there+{tmp_path.parent}/lora"
    for text in ("org/model@main+org/lora", "zoo://tiny/base", "/models/a", "x" * 5000):
        assert absolute(text) == text
    assert absolute_path("~nosuchuser/x", tmp_path) == tmp_path / "~nosuchuser/x"


def test_short_names_are_unique_and_the_base_is_called_base() -> None:
    references = ["org/model@main", "org/foundation", "/models/model", "org/model+org/lora@v2"]
    assert short_names(references, "org/foundation") == {
        "org/model@main": "model",
        "org/foundation": "base",
        "/models/model": "model-2",
        "org/model+org/lora@v2": "lora",
    }
