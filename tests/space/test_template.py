"""A recipe with holes: what is drawn, and how values fill it."""

from collections.abc import Sequence
from typing import Any

import pytest

from evomerge.recipe.document import Role
from evomerge.space.space import Space

from .examples import PLAIN, RICH, fill, read


@pytest.fixture(scope="module")
def space() -> Space:
    return read(RICH)


def test_a_parameter_of_another_method_is_not_drawn(space: Space) -> None:
    asked: list[str] = []

    class Ties:
        def suggest_float(self, name: str, low: float, high: float, **_: Any) -> float:
            asked.append(name)
            return low

        def suggest_int(self, name: str, low: int, high: int, **_: Any) -> int:
            return low

        def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
            return choices[0]

    params = space.suggest(Ties())
    assert params["vectors.merge_method"] == "ties"
    assert not any("epsilon" in name for name in asked)
    assert "epsilon" not in space.recipe(params).canonical


def test_gradients_and_filters_are_mergekit_s(space: Space) -> None:
    weight = fill(space, "vectors", shared_density=0.5).document["models"][0]["parameters"][
        "weight"
    ]
    assert weight == [
        {"filter": "self_attn", "value": [0, 0, 0]},
        {"filter": "mlp", "value": [0, 0, 0]},
        {"value": [0, 0, 0]},
    ]


def test_holes_inside_gradients_and_filters_are_filled(space: Space) -> None:
    values = {"nearswap.t[mlp]": 0.25, "nearswap.t[rest][1]": 0.5}
    document = fill(space, "nearswap", **values).document
    assert document["parameters"]["t"] == [
        {"filter": "mlp", "value": 0.25},
        {"value": [0, 0.5, 1]},
    ]
    assert document["tokenizer"] == {"source": "/models/b", "tokens": {"x": {"source": "org/a"}}}


def test_density_has_no_part_in_task_arithmetic(space: Space) -> None:
    chosen = {"vectors.merge_method": "task_arithmetic"}
    assert fill(space, "vectors", shared_density=0.3, **chosen) == fill(
        space, "vectors", shared_density=0.6, **chosen
    )


def test_what_it_can_be_in_plain_values(space: Space) -> None:
    vectors, slerp, _, slices, _ = space.templates
    assert vectors.methods == ("ties", "dare_ties", "della", "task_arithmetic")
    assert (vectors.dtypes, slerp.dtypes) == (("float32", "bfloat16"), ())
    assert (vectors.fixed("dtype"), vectors.fixed("base_model")) == (None, "base")
    assert [one.methods for one in vectors.with_each_method()] == [(m,) for m in vectors.methods]
    assert slices.models(Role.INPUT) == ("a", "b", "c")
    assert (slerp.models(Role.BASE), slerp.models(Role.TOKENIZER)) == (("a",), ("c",))


def test_a_hole_in_a_tokenizer_is_not_fixed() -> None:
    tokenizer = "    tokenizer: {source: {choice: [rev, sort]}}\n    dtype:"
    space = read(PLAIN.replace("    dtype:", tokenizer))
    assert space.templates[0].fixed("tokenizer") is None
    assert space.common == {"dtype": "float32"}
    document = fill(space, "ties", **{"ties.source": "sort"}).document
    assert document["tokenizer"] == {"source": "org/sort"}


def test_draws_come_in_a_fixed_order(space: Space) -> None:
    names = [parameter.name for parameter in space.templates[0].draws()]
    assert names[0] == "vectors.merge_method"
    assert names.index("vectors.weight[a][self_attn][0]") < names.index("vectors.weight[b]")
    assert names.count("shared_density") == 2 * 3  # of task_arithmetic it has no effect
