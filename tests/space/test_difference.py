"""What changed between two spaces, as far as results go."""

from pathlib import Path

import pytest

from evomerge.space.difference import difference
from evomerge.space.reading.load import load_space
from evomerge.space.space import Space

from .examples import RICH, read


@pytest.fixture(scope="module")
def space() -> Space:
    return read(RICH)


def test_difference_tells_what_changes_results(space: Space, tmp_path: Path) -> None:
    def variant(old: str, new: str) -> list[str]:
        path = tmp_path / "rich.yaml"
        path.write_text(RICH.replace(old, new))
        return difference(space, load_space(path))

    assert variant("a: org/a", "a: org/a") == []
    assert variant("evaluate:", "budget: {trials: 9}\nworkers: {count: 2}\nevaluate:") == []
    assert variant("evaluate:", "workers: {ray_address: auto}\nevaluate:") == []
    assert variant("a: org/a", "a: org/z") == ["models:", "  - a: org/a", "  + a: org/z"]
    assert variant("evaluate:", "search: {seed: 3}\nevaluate:") == [
        "search:",
        "  - seed: 0",
        "  + seed: 3",
    ]
    assert variant("evaluate:", "search: {gradient: {steps: 9}}\nevaluate:") == []
    assert any("1.2" in line for line in variant("[0, 1.2]", "[0, 1.4]"))


def test_gradients_count_where_they_are_descended() -> None:
    def searched(settings: str) -> Space:
        return read(RICH + f"search: {{sampler: gradient, gradient: {{{settings}}}}}\n")

    assert difference(searched(""), searched("steps: 9")) == [
        "search:",
        "  - steps: 20",
        "  + steps: 9",
    ]


def test_holes_pairs_and_stacks_are_told_in_the_words_of_the_file() -> None:
    text = RICH.replace("models: [{model: a}, {model: c}]", "models: {pair: [a, c], ordered: true}")
    paired = read(text.replace("    base_model: a\n", "", 1))

    def changed(old: str, new: str) -> list[str]:
        again = read(text.replace("    base_model: a\n", "", 1).replace(old, new))
        return [line.strip() for line in difference(paired, again)[1:]]

    assert changed("pair: [a, c]", "pair: [a, b, c]") == [
        "- slerp.models.names: a, c",
        "+ slerp.models.names: a, b, c",
    ]
    assert changed(", log: true", "") == [
        "- passthrough.slices[1].sources[0].parameters.scale: float [0.01, 1] log",
        "+ passthrough.slices[1].sources[0].parameters.scale: float [0.01, 1]",
    ]
    assert changed("layers: 3, ", "") == [
        "- vectors.models[0].parameters.weight: float [0, 1.2], layers 3, modules self_attn, mlp",
        "+ vectors.models[0].parameters.weight: float [0, 1.2], modules self_attn, mlp",
    ]
