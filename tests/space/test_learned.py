from pathlib import Path

import pytest

from evomerge.space.domains import FloatDomain
from evomerge.space.learned import Learned, alternative_of, alternatives
from evomerge.space.reading.load import read_space
from evomerge.space.space import Space

SPACE = """
name: toy
models: {base: /models/base, a: /models/a, b: /models/b}
recipes:
  - merge_method: {choice: [ties, task_arithmetic]}
    base_model: base
    models:
      - {model: a, parameters: {weight: {float: [0, 1]}, density: {float: [0.2, 1]}}}
      - {model: b, parameters: {weight: {float: [0, 1], step: 0.1}, density: 0.5}}
    parameters: {lambda: {choice: [0.5, 1.0]}}
  - merge_method: slerp
    models: {pair: [a, b, base]}
    parameters: {t: {float: [0, 1], layers: 2}}
  - merge_method: passthrough
    stack:
      models: [a, b]
      layers: 4
      blocks: {int: [2, 3]}
      length: {int: [1, 2]}
      parameters: {scale: [{filter: o_proj, value: {float: [0.5, 1.2], name: s}}, {value: 1}]}
  - base_model: base
    name: experts
    experts:
      - {source_model: a, residual_scale: {float: [0.5, 1.2]}}
      - {source_model: b}
    gate_mode: random
evaluate: {tasks: [{task: t0, metric: acc}]}
"""


@pytest.fixture
def space() -> Space:
    return read_space(SPACE, Path("/spaces/toy.yaml"))


def test_what_is_a_float_and_has_a_derivative_is_learned(space: Space) -> None:
    ties, arithmetic, slerp, stack, experts = alternatives(space)
    weight = {"recipe0.weight[a]": Learned(FloatDomain(0, 1), "weight")}
    assert ties.learned == arithmetic.learned == weight
    assert set(ties.others) == {"recipe0.weight[b]", "recipe0.density[a]", "recipe0.lambda"}
    assert set(arithmetic.others) == set(ties.others) - {"recipe0.density[a]"}
    assert slerp.learned.keys() == {"slerp.t[0]", "slerp.t[1]"}
    assert slerp.others == ("slerp.pair",)
    assert stack.learned == {"s": Learned(FloatDomain(0.5, 1.2), "scale")}
    assert (experts.method, experts.learned) == ("moe", {})
    assert [ties.name, slerp.name] == ["recipe0 (ties)", "slerp"]


def test_a_point_belongs_to_one(space: Space) -> None:
    known = alternatives(space)
    for one in known:
        assert alternative_of({**one.choices, "more": 1}, known) is one
    assert known[0].choices == {"recipe": "recipe0", "recipe0.merge_method": "ties"}
    assert alternative_of({"x": 1}, known) is None


def test_inputs_with_a_weight_are_counted(space: Space) -> None:
    assert [one.weighted for one in alternatives(space)] == [2, 2, 1, 1, 1]
