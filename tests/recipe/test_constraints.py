"""Filled-in recipes that mergekit would break without a word are refused."""

from typing import Any

import pytest
import yaml

from evomerge.errors import Failure, TrialError
from evomerge.recipe.constraints import check_point

LINEAR = """
merge_method: linear
models: [{model: a, parameters: {weight: 0.5}}, {model: b, parameters: {weight: 0.5}}]
"""
DELLA = """
merge_method: della
base_model: base
models: [{model: a, parameters: {weight: 1, density: 0.5, epsilon: 0.2}}]
"""
SLICES = """
merge_method: task_arithmetic
base_model: base
slices:
  - sources: [{model: a, layer_range: [0, 2]}, {model: base, layer_range: [0, 2]}]
parameters: {weight: 1}
"""
MIXTURE = """
base_model: base
experts:
  - {source_model: a, positive_prompts: [one]}
  - {source_model: b, positive_prompts: [two]}
"""


def document(text: str) -> Any:
    return yaml.safe_load(text)


@pytest.mark.parametrize("text", [LINEAR, DELLA, SLICES, MIXTURE])
def test_what_can_be_merged_passes(text: str) -> None:
    check_point(document(text))


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        (LINEAR, "weight: 0.5", "weight: -0.5", "linear weights sum to zero: "),
        (LINEAR, "{weight: 0.5}", "{weight: [1, -0.5]}", "linear weights sum to zero: "),
        (LINEAR, "model: b", "model: a", "a model stands twice in one merge: a, a"),
        (DELLA, "density: 0.5", "density: 0.1", "density ± epsilon inside"),
        (LINEAR, "linear", "slerp\nbase_model: c", "slerp cannot merge 3 models"),
        (SLICES, "[0, 2]}, {", "[2, 0]}, {", "layer_range is upside down or empty"),
        (SLICES, "[0, 2]}, {", "[0, 3]}, {", "equally many layers"),
        (SLICES, ", {model: base, layer_range: [0, 2]}", "", "needs its base model base among"),
        (MIXTURE, "model: a", "model: b", "every expert is b"),
    ],
)
def test_what_cannot_is_refused(text: str, old: str, new: str, message: str) -> None:
    assert old in text
    with pytest.raises(TrialError, match=message) as caught:
        check_point(document(text.replace(old, new, 1)))
    assert caught.value.failure is Failure.INVALID_RECIPE


def test_weights_that_are_not_divided_by_their_sum_may_cancel() -> None:
    shared = "parameters: {normalize: false}"
    check_point(document(LINEAR.replace("weight: 0.5", "weight: -0.5", 1) + shared))
