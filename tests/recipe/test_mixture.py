"""Mixtures of experts that mergekit-moe would refuse, or that route nothing."""

from typing import Any

import pytest
import yaml

from evomerge.errors import Failure, TrialError
from evomerge.recipe.mixture import check_mixture, is_mixture

MIXTURE = """
base_model: base
experts:
  - {source_model: a, positive_prompts: [one]}
  - {source_model: b, positive_prompts: [two], negative_prompts: [three]}
gate_mode: hidden
experts_per_token: 2
"""


def mixture(text: str = MIXTURE) -> Any:
    return yaml.safe_load(text)


def test_what_is_a_mixture() -> None:
    assert is_mixture(mixture())
    assert not is_mixture({**mixture(), "merge_method": "linear"})
    assert not is_mixture([])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("model: a", "model: b", "every expert is b"),
        ("token: 2", "token: 3", "3 experts per token, of 2 experts"),
        ("token: 2", "token: 0", "0 experts per token, of 2 experts"),
        (", positive_prompts: [one]", "", "an expert without positive_prompts"),
        ("[two], negative_prompts: [three]", "[one]", "every expert has the same prompts"),
    ],
)
def test_what_routes_nothing_is_refused(old: str, new: str, message: str) -> None:
    assert old in MIXTURE
    check_mixture(mixture())
    with pytest.raises(TrialError, match=message) as caught:
        check_mixture(mixture(MIXTURE.replace(old, new)))
    assert caught.value.failure is Failure.INVALID_RECIPE


def test_random_gates_need_no_prompts() -> None:
    text = MIXTURE.replace("hidden", "random").replace(", positive_prompts: [one]", "")
    check_mixture(mixture(text))
