"""Spaces that several tests read, and a trial whose values Hypothesis draws."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from evomerge.errors import InputError
from evomerge.recipe.recipe import Recipe
from evomerge.space.reading.load import read_space
from evomerge.space.space import Space

RICH = """\
models: {base: org/base, a: org/a, b: /models/b, c: org/c@main+org/adapter}
recipes:
  - name: vectors
    merge_method: {choice: [ties, dare_ties, della, task_arithmetic]}
    base_model: base
    models:
      - model: a
        parameters:
          weight: {float: [0, 1.2], layers: 3, modules: [self_attn, mlp]}
          density: {float: [0.3, 0.7], name: shared_density}
      - model: b
        parameters:
          weight: {float: [0, 1], step: 0.1}
          density: {float: [0.3, 0.7], name: shared_density}
          epsilon: {float: [0.01, 0.2]}
    parameters: {normalize: {choice: [true, false]}, int8_mask: false}
    dtype: {choice: [float32, bfloat16]}
  - merge_method: slerp
    base_model: a
    models: [{model: a}, {model: c}]
    parameters: {t: {float: [0, 1], layers: 5}}
    tokenizer_source: c
  - merge_method: linear
    models:
      - {model: a, parameters: {weight: {float: [-1, 1]}}}
      - {model: b, parameters: {weight: {float: [-1, 1]}}}
  - merge_method: passthrough
    slices:
      - sources: [{model: a, layer_range: [0, {int: [1, 3]}]}]
      - sources:
          - model: {choice: [b, c]}
            layer_range: [{int: [0, 2]}, 4]
            parameters: {scale: {float: [0.01, 1], log: true}}
  - merge_method: nearswap
    base_model: a
    models: [{model: b}]
    parameters:
      t: [{filter: mlp, value: {float: [0, 1]}}, {value: [0, {float: [0, 1]}, 1]}]
    tokenizer: {source: b, tokens: {x: {source: a}}}
evaluate: {tasks: [{task: toy, metric: acc}]}
"""
PLAIN = """\
name: demo
models:
  base: org/base
  rev: org/rev
  sort: org/sort
recipes:
  - merge_method: ties
    base_model: base
    models:
      - model: rev
        parameters: {weight: {float: [0, 1]}, density: 0.5}
      - model: sort
        parameters: {weight: 0.3}
    dtype: float32
evaluate:
  tasks:
    - {task: toy, metric: acc}
"""

STACK = """\
name: demo
models: {a: org/a, b: org/b}
recipes:
  - merge_method: passthrough
    name: stack
    stack:
      models: [a, b]
      layers: 10
      blocks: {int: [2, 4]}
      length: {int: [2, 6]}
      overlap: {int: [-2, 3]}
      depth: [6, 14]
      parameters: {scale: [{filter: o_proj, value: {float: [0.5, 1]}}, {value: 1}]}
    dtype: float32
evaluate: {tasks: [{task: toy, metric: acc}]}
"""


def read(text: str) -> Space:
    """Read a space whose file lies nowhere."""
    return read_space(text, Path("/spaces/space.yaml"))


def mistake(text: str, old: str, new: str) -> str:
    """Return what is said of a space in which one thing is replaced."""
    assert old in text
    with pytest.raises(InputError) as caught:
        read(text.replace(old, new, 1))
    return str(caught.value)


def fill(space: Space, recipe: str, **values: Any) -> Recipe:
    """Return the point of a recipe at its parameters' first ends, but for some values."""
    defaults = {p.name: p.domain.ends[0] for p in space.parameters() if p.name.startswith(recipe)}
    return space.recipe({"recipe": recipe, **defaults, **values})


class Drawn:
    """A trial whose values hypothesis draws."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        if step:
            return low + step * self.data.draw(st.integers(0, round((high - low) / step)))
        return self.data.draw(st.floats(low, high))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        return low + step * self.data.draw(st.integers(0, (high - low) // step))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self.data.draw(st.sampled_from(list(choices)))
