"""The table of samplers, and what follows from it."""

from pathlib import Path

import pytest

from evomerge.errors import InputError
from evomerge.samplers import SAMPLERS, markdown_table, misfit, out_of_place
from evomerge.space.advice import notes
from evomerge.space.reading.load import read_space

SPACE = """
name: toy
models: {base: /models/base, a: /models/a, b: /models/b}
recipes:
  - merge_method: {choice: [ties, dare_ties]}
    base_model: base
    models:
      - {model: a, parameters: {weight: {float: [0, 1], name: w}}}
      - {model: b, parameters: {weight: {float: [0, 1]}}}
  - merge_method: slerp
    base_model: a
    models: [{model: a}, {model: b}]
    parameters: {t: {float: [0, 1], name: w}}
evaluate: {tasks: [{task: t0, metric: acc}]}
"""


def test_the_docs_show_the_table() -> None:
    docs = Path(__file__).parents[1] / "docs" / "space.md"
    assert markdown_table() in docs.read_text()


@pytest.mark.parametrize("name", SAMPLERS)
def test_only_those_that_can_take_several_objectives(name: str) -> None:
    text = SPACE + f"search: {{sampler: {name}}}\nobjective: pareto\n"
    if SAMPLERS[name].pareto:
        read_space(text, Path("/spaces/toy.yaml"))
        return
    with pytest.raises(InputError, match=f"{name} searches for one value") as error:
        read_space(text, Path("/spaces/toy.yaml"))
    assert "tpe" in str(error.value)


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("tpe", None),
        ("random", None),
        ("gradient", None),
        (
            "cmaes",
            "searches 1 of 4 parameters; drawn at random, because not every recipe has them ",
        ),
        ("gp", "searches 2 of 4 parameters; drawn at random, because not every recipe has them: "),
        ("nsga2", "searches 2 of 4 parameters"),
    ],
)
def test_what_a_sampler_cannot_search_is_told(name: str, note: str | None) -> None:
    space = read_space(SPACE + f"search: {{sampler: {name}}}\n", Path("/spaces/toy.yaml"))
    told = [text for text in notes(space) if "at random" in text]
    assert [f"{name} {note}" in text for text in told] == ([True] if note else [])


def test_a_gradient_needs_the_merge_in_memory() -> None:
    assert [name for name in SAMPLERS if out_of_place(name, "disk")] == ["gradient"]
    assert not any(out_of_place(name, "memory") for name in SAMPLERS)


def test_a_sampler_of_one_value_does_not_fit_pareto() -> None:
    refused = {name for name in SAMPLERS if misfit(name, "pareto")}
    assert refused == {name for name, can in SAMPLERS.items() if not can.pareto}
    assert not any(misfit(name, "mean") for name in SAMPLERS)
