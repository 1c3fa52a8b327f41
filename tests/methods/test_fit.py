"""How methods merge a set of models, and why some do not."""

import pytest

from evomerge.methods.contract import Inputs, breaches
from evomerge.methods.fit import Arrangement, arrange, why_not
from evomerge.methods.table import MERGEKIT, MethodTable


@pytest.mark.parametrize(
    ("name", "experts", "has_base", "why"),
    [
        ("passthrough", 3, True, "it copies one model"),
        ("slerp", 1, True, "it merges two models or more, there is 1"),
        ("linear", 1, False, "it merges two models or more, there is 1"),
        ("nuslerp", 1, True, "it merges two models or more, there is 1"),
        ("ties", 2, False, "it needs a base model"),
        ("ties", 0, True, "it needs 1 models beside the base"),
        ("model_stock", 1, True, "it needs 2 models beside the base"),
        ("slerp", 5, False, None),
        ("nuslerp", 5, True, None),
        ("model_stock", 2, True, None),
    ],
)
def test_why_a_method_does_not_fit(
    name: str, experts: int, has_base: bool, why: str | None
) -> None:
    assert why_not(MERGEKIT[name], experts, has_base=has_base) == why


@pytest.mark.parametrize(
    ("name", "pair", "ordered", "with_base"),
    [
        ("slerp", True, False, False),
        ("nearswap", True, True, False),
        ("nuslerp", True, False, True),
        ("linear", False, False, False),
        ("ties", False, False, True),
    ],
)
def test_arrangements(name: str, pair: bool, ordered: bool, with_base: bool) -> None:
    assert arrange(MERGEKIT[name], has_base=True) == Arrangement(pair, ordered, with_base)


def test_what_fits_keeps_the_contract() -> None:
    for method in MERGEKIT.values():
        for experts in range(5):
            if why_not(method, experts, has_base=True) is None:
                how = arrange(method, has_base=True)
                own = method.base_is_one_of_two
                models = 2 if how.pair else experts
                assert not breaches(method, Inputs(models, own or how.with_base, own))


def test_a_plugin_that_takes_few_models() -> None:
    row = {
        "name": "three",
        "pretty_name": "Three",
        "reference": None,
        "base": "required",
        "min_inputs": 1,
        "max_inputs": None,
        "min_non_base": 1,
        "max_non_base": 3,
        "parameters": [],
    }
    method = MethodTable({}).with_plugin([row], "/mine.py")["three"]
    assert why_not(method, 3, has_base=True) is None
    said = "it takes 1 to 3 models beside the base, there are 4"
    assert why_not(method, 4, has_base=True) == said
