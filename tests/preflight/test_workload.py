"""How many documents a search scores is known before it begins."""

from dataclasses import replace
from pathlib import Path

from evomerge.preflight.workload import differentiated, documents
from evomerge.space.reading.load import read_space

SPACE = """
models: {base: /m/base, a: /m/a, b: /m/b}
recipes:
  - merge_method: ties
    base_model: base
    models: [{model: a}, {model: b}]
    parameters: {weight: {float: [0, 1]}}
evaluate:
  tasks: [{task: one, metric: acc}, {task: two, metric: acc}]
  quick: 10
  confirm: 20
  held_out: 40
search: {finalists: 5}
budget: {trials: 60}
"""


def test_every_stage_counts() -> None:
    space = read_space(SPACE, Path("/m/space.yaml"))
    fixed = 3 + 1 + 4  # base and parents, the mean, task arithmetic at four scales
    assert documents(space) == {
        "quick": (60 + fixed) * 2 * 10,
        "confirm": (5 + 2) * 2 * 20,
        "held-out": (1 + fixed) * 2 * 40,
    }
    none = replace(space, evaluate=replace(space.evaluate, held_out=0))
    assert documents(none)["held-out"] == 0


def test_steps_are_differentiated_and_the_lowest_loss_is_a_finalist_more() -> None:
    plain = read_space(SPACE, Path("/m/space.yaml"))
    steps = read_space(SPACE.replace("{finalists", "{sampler: gradient, finalists"), plain.path)
    assert documents(steps) == {**documents(plain), "confirm": (5 + 1 + 2) * 2 * 20}
    assert (differentiated(plain), differentiated(steps)) == (0, 60 * 2 * 10)
    nothing = steps.source.replace("{float: [0, 1]}", "{choice: [0.1, 0.2]}")
    assert differentiated(read_space(nothing, plain.path)) == 0
