"""Merge parameters in a file, held against the method table."""

import pytest

from ...examples import PLAIN, mistake, read

MISTAKES = {
    "unknown parameter": (
        "density",
        "densty",
        "space.yaml:11:47: unknown key 'densty'. help: did you mean 'density'?",
    ),
    "parameter of another method": ("density", "epsilon", "unknown key 'epsilon'"),
    "misspelt kind of hole": (
        "{float: [0, 1]}",
        "{flaot: [0, 1]}",
        "unknown key 'flaot'. help: did you mean 'float'?",
    ),
    "choice of text for a number": (
        "{float: [0, 1]}",
        "{choice: [a, b]}",
        "weight must be a number",
    ),
    "text for a number": ("weight: 0.3", "weight: heavy", "weight must be a number, got 'heavy'"),
    "density above one": ("density: 0.5", "density: 1.5", "density lies within [0, 1], got 1.5"),
    "shared parameter beside a model": (
        "density: 0.5",
        "normalize: true",
        "normalize is one value for the whole merge",
    ),
    "filter no text": ("density: 0.5", "density: [{filter: 3, value: 1}]", "filter must be text"),
    "pattern, which mergekit ignores": (
        "density: 0.5",
        "density: [{pattern: mlp, value: 1}, {value: 0.5}]",
        "unknown key 'pattern'. help: known: filter, value",
    ),
    "gradient in a gradient": (
        "density: 0.5",
        "density: [0.5, {float: [0, 1], layers: 3}]",
        "a hole inside a list takes no modules",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_has_its_message(name: str) -> None:
    old, new, message = MISTAKES[name]
    assert message in mistake(PLAIN, old, new)


def test_holes_stand_for_values_gradients_and_filters() -> None:
    value = "[{filter: mlp, value: {float: [0, 1], layers: 4}}, {value: [{float: [0, 1]}, 1]}]"
    space = read(PLAIN.replace("density: 0.5", f"density: {value}"))
    assert [p.name for p in space.parameters() if "density" in p.name] == [
        *(f"ties.density[rev][mlp][{anchor}]" for anchor in range(4)),
        "ties.density[rev][rest][0]",
    ]


def test_ranges_of_shares_lie_within_one() -> None:
    message = mistake(PLAIN, "density: 0.5", "density: {float: [0.5, 2]}")
    assert "density lies within [0, 1], got 2" in message
