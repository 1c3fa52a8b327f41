"""One recipe of a file."""

import pytest

from ...examples import PLAIN, mistake, read

MISTAKES = {
    "unknown key": (
        "dtype:",
        "dtyp:",
        "space.yaml:14:5: unknown key 'dtyp'. help: did you mean 'dtype'?",
    ),
    "unknown method": (
        "ties",
        "tiess",
        "space.yaml:7:19: unknown merge method 'tiess'. help: did you mean 'ties'?",
    ),
    "method that shares its value": (
        "merge_method: ties",
        "merge_method: {choice: [ties, dare_ties], name: m}",
        "merge_method cannot share its value",
    ),
    "hole where none fits": (
        "merge_method: ties",
        "merge_method: {float: [0, 1]}",
        "merge method takes a choice, not a range",
    ),
    "no models": ("    models:\n", "    modles:\n", "exactly one of models, slices, modules"),
    "wrong dtype": ("float32", "float31", "unknown dtype 'float31'. help: did you mean 'float32'?"),
    "unknown tokenizer source": (
        "    dtype:",
        "    tokenizer_source: unoin\n    dtype:",
        "unknown model 'unoin'",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_has_its_message(name: str) -> None:
    old, new, message = MISTAKES[name]
    assert message in mistake(PLAIN, old, new)


def test_a_base_a_dtype_and_a_method_may_be_holes() -> None:
    text = PLAIN.replace("merge_method: ties", "merge_method: {choice: [ties, dare_ties]}")
    text = text.replace("base_model: base", "base_model: {choice: [base, rev]}")
    space = read(text.replace("dtype: float32", "dtype: {choice: [float32, float16]}"))
    assert [p.name for p in space.parameters()] == [
        "recipe0.merge_method",
        "recipe0.dtype",
        "recipe0.base_model",
        "recipe0.weight[rev]",
    ]
