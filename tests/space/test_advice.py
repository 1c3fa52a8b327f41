"""What is noted of a space that has no mistakes."""

from pathlib import Path

from evomerge.space.advice import notes
from evomerge.space.reading.load import load_space

from .examples import PLAIN, read


def test_della_s_bounds_are_noted_only_where_a_point_may_leave_them(tmp_path: Path) -> None:
    def noted(density: str, epsilon: str) -> bool:
        path = tmp_path / "space.yaml"
        path.write_text(
            "models: {base: o/base, a: o/a}\n"
            "recipes:\n"
            "  - merge_method: della\n"
            "    base_model: base\n"
            f"    models: [{{model: a, parameters: {{weight: 1, density: {density}}}}}]\n"
            f"    parameters: {{epsilon: {epsilon}}}\n"
            "evaluate: {tasks: [{task: toy, metric: acc}]}\n"
        )
        return any("della needs" in note for note in notes(load_space(path)))

    assert noted("{float: [0.1, 0.8]}", "{float: [0.01, 0.1]}")
    assert not noted("{float: [0.2, 0.8]}", "{float: [0.01, 0.1]}")
    assert noted("{float: [0.2, 0.8]}", "0.1")


def test_two_numbers_without_a_kind_are_noted_as_a_gradient() -> None:
    text = PLAIN.replace("weight: 0.3", "weight: [0, 1], density: [{filter: mlp, value: [0.2, 1]}]")
    assert [note for note in notes(read(text)) if "gradient" in note] == [
        "ties: weight: [0, 1] is a fixed gradient over the layers; a range is {float: [0, 1]}",
        "ties: value: [0.2, 1] is a fixed gradient over the layers; a range is {float: [0.2, 1]}",
    ]
    assert notes(read(PLAIN)) == []


def test_a_search_without_base_or_verdict_is_noted() -> None:
    alone = PLAIN.replace("ties", "linear").replace("    base_model: base\n", "")
    found = notes(read(alone.replace(", density: 0.5", "") + "  held_out: 0\n"))
    assert any("held_out is 0" in note for note in found)
    assert any("no base model" in note for note in found)


def test_what_a_gradient_learns_is_told_and_who_proposes_the_rest() -> None:
    mixed = PLAIN.replace("density: 0.5", "density: {float: [0.2, 1]}")
    each = PLAIN.replace("[0, 1]}", "[0, 1], tensors: each}")
    nothing = mixed.replace("weight: {float: [0, 1]}", "weight: 0.5")
    gradient = "search: {sampler: gradient}\n"
    assert notes(read(PLAIN + gradient)) == ["gradient learns 1 number"]
    assert "gradient learns at least 1 number" in notes(read(each + gradient))
    assert notes(read(mixed + gradient)) == [
        "gradient learns 1 number",
        "without a derivative, so that TPE proposes them when a chain of steps begins: "
        "ties.density[rev]",
    ]
    assert notes(read(nothing + gradient)) == [
        "nothing in this space has a derivative: TPE proposes every trial, as tpe does"
    ]
    assert notes(read(mixed)) == []
