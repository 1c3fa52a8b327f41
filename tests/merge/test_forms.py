"""The forms of configuration that mergekit's users write, pasted into a space as they are."""

from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import pytest
import yaml

from evomerge.merge.weights import Weights
from evomerge.space.reading.load import read_space

FORMS = {
    "a blend by weights": """\
models:
  - {model: A, parameters: {weight: 1.0}}
  - {model: B, parameters: {weight: 0.4}}
  - {model: C, parameters: {weight: 0.6}}
merge_method: linear
dtype: float16
""",
    "slerp with a gradient for each module": """\
slices:
  - sources:
      - {model: A, layer_range: [0, 4]}
      - {model: B, layer_range: [0, 4]}
merge_method: slerp
base_model: A
parameters:
  t:
    - filter: self_attn
      value: [0, 0.4, 0.2, 0.8, 1]
    - filter: mlp
      value: [1, 0.6, 0.8, 0.2, 0]
    - value: 0.5
dtype: float16
""",
    "ties with one density for all": """\
models:
  - {model: A, parameters: {density: 0.5, weight: 0.4}}
  - {model: B, parameters: {density: 0.5, weight: 0.6}}
merge_method: ties
base_model: BASE
parameters: {normalize: false, int8_mask: true}
dtype: float16
""",
    "ties with gradients and filters, the base listed": """\
models:
  - model: BASE
  - model: A
    parameters: {density: [1, 0.6, 0.2], weight: 1.0}
  - model: B
    parameters:
      density: 0.4
      weight: [{filter: mlp, value: 0.5}, {value: 0}]
merge_method: ties
base_model: BASE
parameters: {normalize: true, int8_mask: true}
dtype: bfloat16
""",
    "a deeper stack": """\
slices:
  - sources: [{model: A, layer_range: [0, 3]}]
  - sources: [{model: B, layer_range: [1, 4]}]
merge_method: passthrough
dtype: float16
""",
    "a layer repeated with its outputs scaled": """\
slices:
  - sources: [{model: A, layer_range: [0, 2]}]
  - sources:
      - model: A
        layer_range: [1, 2]
        parameters:
          scale: [{filter: o_proj, value: 0}, {filter: down_proj, value: 0}, {value: 1}]
  - sources: [{model: A, layer_range: [2, 4]}]
merge_method: passthrough
dtype: bfloat16
""",
    "fewer models in the last slice": """\
slices:
  - sources: [{model: A, layer_range: [0, 2]}, {model: B, layer_range: [0, 2]}]
  - sources: [{model: A, layer_range: [2, 4]}]
merge_method: linear
parameters: {weight: 0.5}
dtype: bfloat16
""",
    "two models, one of them the base": """\
models: [{model: A}, {model: B}]
merge_method: arcee_fusion
base_model: A
dtype: bfloat16
""",
    "task vectors slice by slice": """\
slices:
  - sources:
      - {model: BASE, layer_range: [0, 2]}
      - {model: A, layer_range: [0, 2], parameters: {weight: 0.9}}
  - sources:
      - {model: BASE, layer_range: [2, 4]}
      - {model: A, layer_range: [2, 4], parameters: {weight: 0.3}}
merge_method: task_arithmetic
base_model: BASE
dtype: float32
out_dtype: bfloat16
tokenizer_source: base
chat_template: auto
""",
    "a tokenizer of all": """\
models:
  - {model: A, parameters: {weight: 0.5}}
  - {model: B, parameters: {weight: 0.5}}
merge_method: linear
dtype: float32
tokenizer:
  source: union
  tokens:
    <pad>: {source: A, force: true}
""",
}


@pytest.mark.parametrize("form", FORMS)
def test_reads_as_a_space_and_merges_as_mergekit_does(
    form: str,
    locations: dict[str, str],
    tmp_path: Path,
    check_equal: Callable[..., tuple[Weights, Path]],
) -> None:
    text = FORMS[form]
    for name in ("BASE", "A", "B", "C"):
        text = text.replace(f"{name}", locations[name.lower()])
    item = "  - " + indent(text, "    ").lstrip()
    settings = "evaluate: {tasks: [{task: toy, metric: acc}]}\n"
    space = read_space(f"recipes:\n{item}{settings}", tmp_path / "space.yaml")
    assert space.parameters() == ()
    recipe = space.recipe({})
    assert recipe.document == yaml.safe_load(text)
    check_equal(recipe.document, {})
