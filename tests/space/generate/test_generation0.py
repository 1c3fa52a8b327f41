"""The fixed recipes that a search has to beat."""

import math
from pathlib import Path

import pytest

from evomerge.space.generate.generation0 import fixed_recipes
from evomerge.space.reading.load import load_space
from evomerge.space.space import Space

from ..examples import RICH, read


@pytest.fixture(scope="module")
def space() -> Space:
    return read(RICH)


def test_generation_0_blends_the_parents(space: Space) -> None:
    fixed = fixed_recipes(space)
    assert [f.label for f in fixed] == [
        "base",
        "parent a",
        "parent b",
        "parent c",
        "linear uniform",
        "task_arithmetic λ=0.3",
        "task_arithmetic λ=0.5",
        "task_arithmetic λ=0.7",
        "task_arithmetic λ=1",
    ]
    document = fixed[5].recipe.document
    assert document["base_model"] == "org/base"
    assert math.isclose(document["parameters"]["lambda"], 0.3)
    assert len({f.recipe.recipe_id for f in fixed}) == len(fixed)


def test_fixed_blends_take_over_tokenizer_and_dtypes(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text(
        "models: {base: o/base, a: o/a, b: o/b, lender: o/lender}\n"
        "recipes:\n"
        "  - merge_method: ties\n"
        "    base_model: base\n"
        "    models: [{model: a, parameters: {weight: {float: [0, 1]}}},"
        " {model: b, parameters: {weight: 1}}]\n"
        "    dtype: float32\n"
        "    out_dtype: bfloat16\n"
        "    tokenizer_source: base\n"
        "    chat_template: chatml\n"
        "  - merge_method: linear\n"
        "    models: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 1}}]\n"
        "    tokenizer_source: lender\n"
        "evaluate: {tasks: [{task: toy, metric: acc}]}\n"
    )
    space = load_space(path)
    assert "o/lender" in space.references
    fixed = {one.label: one.recipe.document for one in fixed_recipes(space)}
    assert "parent lender" not in fixed
    for label, document in fixed.items():
        assert document["dtype"] == "float32"
        assert document["out_dtype"] == "bfloat16"
        assert document["chat_template"] == "chatml"
        blend = "linear" in label or "task_arithmetic" in label
        assert ("tokenizer_source" in document) == blend
    assert fixed["linear uniform"]["tokenizer_source"] == "o/base"
    assert fixed["task_arithmetic λ=1"]["tokenizer_source"] == "base"
    assert [m["model"] for m in fixed["linear uniform"]["models"]] == ["o/a", "o/b"]
