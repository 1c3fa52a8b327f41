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


def nested(scope: str, method: str, **parameters: Any) -> Any:
    """Return a merge of a and b in one slice of one module, with parameters at one of them."""
    layers = {"layer_range": [0, 2]}
    source: dict[str, Any] = {"model": "a", **layers, "parameters": {"weight": -1}}
    inputs = {"sources": [source, {"model": "b", **layers}]}
    module: dict[str, Any] = {"slices": [inputs]}
    recipe = {"merge_method": method, "modules": {"text": module}}
    at = {"recipe": recipe, "module": module, "slice": inputs}[scope]
    at["parameters"] = parameters
    return recipe


@pytest.mark.parametrize("scope", ["recipe", "module", "slice"])
def test_what_is_set_around_the_models_counts(scope: str) -> None:
    with pytest.raises(TrialError, match=r"linear weights sum to zero: \[-1, 1\]"):
        check_point(nested(scope, "linear", weight=1))
    check_point(nested(scope, "linear", weight=2))
    check_point(nested(scope, "linear", weight=1, normalize=False))
    with pytest.raises(TrialError, match="della needs density"):
        check_point(nested(scope, "della", density=0.1) | {"base_model": "b"})


def test_the_nearest_setting_counts() -> None:
    document = nested("slice", "linear", weight=1, normalize=False)
    check_point(document | {"parameters": {"normalize": True}})
    document = nested("slice", "linear", weight=1, normalize=True)
    with pytest.raises(TrialError, match="weights sum to zero"):
        check_point(document | {"parameters": {"normalize": False, "weight": 2}})
