"""Where a value stands, in the words of a message."""

from evomerge.space.places import Marked, Path

PLACES: dict[Path, tuple[int, int]] = {(): (1, 1), ("b",): (2, 4), ("b", 0): (3, 5)}
MARKED = Marked("file.yaml", {"b": [1]}, PLACES, key_places={("b",): (2, 1)})


def test_a_value_its_key_and_the_nearest_that_is_known() -> None:
    assert MARKED.where(("b", 0)) == "file.yaml:3:5"
    assert MARKED.where(("b",), key=True) == "file.yaml:2:1"
    assert MARKED.where(("b", 0, "unknown")) == "file.yaml:3:5"
    assert MARKED.position(("a",), key=True) == (1, 1)


def test_what_was_laid_over_the_file_and_all_inside_it() -> None:
    over = Marked("file.yaml", {}, PLACES, overridden={("b",): "--set b"})
    assert over.where(("b", 0)) == "--set b"
    assert over.where(()) == "file.yaml:1:1"


def test_without_a_file_it_is_the_path() -> None:
    assert Marked("", {}).where(("b", 0)) == "b.0"
    assert Marked("", {}).where(()) == "space"
