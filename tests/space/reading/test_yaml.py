"""YAML as plain values, with the place of each."""

from pathlib import Path

import pytest

from evomerge.errors import InputError
from evomerge.space.reading.yaml import read_marked, read_text, write_yaml

from ..examples import PLAIN, mistake

MISTAKES = {
    "key twice": ("name: demo\n", "name: demo\nname: again\n", "key 'name' stands twice"),
    "broken YAML": ("models:\n  base", "models: [\n  base", "broken YAML"),
    "key that is a list": ("name: demo\n", "? [a, b]\n: 1\n", "broken YAML"),
    "date that is none": ("name: demo\n", "name: !!int abc\n", "broken YAML"),
    "alias of itself": ("name: demo\n", "name: &x [*x]\n", "broken YAML"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_has_its_message(name: str) -> None:
    old, new, message = MISTAKES[name]
    assert message in mistake(PLAIN, old, new)


def test_every_value_and_key_has_its_place() -> None:
    marked = read_marked("a: 1\nb:\n  - {c: 2}\n", "file.yaml")
    assert marked.value == {"a": 1, "b": [{"c": 2}]}
    assert marked.places[("b", 0, "c")] == (3, 9)
    assert marked.key_places[("b", 0, "c")] == (3, 6)


def test_numbers_and_words_are_read_as_meant_and_written_back() -> None:
    values = {"no": "no", "number": 1e-3, "text": "1e-3", "truth": True, "day": "2024-01-01"}
    read = read_marked("{no: no, number: 1e-3, text: '1e-3', truth: true, day: 2024-01-01}", "f")
    assert read.value == values
    assert read_marked(write_yaml(values), "f").value == values


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="it is no UTF-8 text"):
        read_text(tmp_path / "space.yaml")
