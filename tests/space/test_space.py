"""Points of a space: drawn, filled, and back."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evomerge.errors import Failure, TrialError
from evomerge.recipe.leaves import leaves
from evomerge.recipe.recipe import Recipe
from evomerge.space.space import Space

from .examples import PLAIN, RICH, Drawn, fill, read


@pytest.fixture(scope="module")
def space() -> Space:
    return read(RICH)


@settings(max_examples=200)
@given(data=st.data())
def test_params_to_recipe_to_yaml_and_back_is_the_identity(
    space: Space, data: st.DataObject
) -> None:
    params = space.suggest(Drawn(data))
    try:
        recipe = space.recipe(params)
    except TrialError as error:
        assert error.failure is Failure.INVALID_RECIPE
        return
    again = Recipe.from_yaml(recipe.to_yaml())
    assert again == recipe
    assert (again.recipe_id, again.seed) == (recipe.recipe_id, recipe.seed)
    assert set(params) <= {p.name for p in space.parameters()}
    assert set(recipe.models) <= set(space.references)
    located = recipe.with_models({m: f"/somewhere/else/{i}" for i, m in enumerate(recipe.models)})
    assert located.seed == recipe.seed


def test_names_are_readable_and_conditional(space: Space) -> None:
    names = [p.name for p in space.parameters()]
    assert "recipe" in names
    assert "vectors.weight[a][self_attn][0]" in names
    assert "vectors.weight[a][rest][2]" in names
    assert "shared_density" in names
    assert "slerp.t[4]" in names
    assert {"nearswap.t[mlp]", "nearswap.t[rest][1]"} <= set(names)
    assert "passthrough.model[slice1.0]" in names
    assert "passthrough.layer_range[slice0.a.1]" in names
    assert [p.name for p in space.shared_parameters] == ["recipe"]


@settings(max_examples=50)
@given(data=st.data())
def test_floats_are_found_where_they_stand_in_the_recipe(space: Space, data: st.DataObject) -> None:
    params = space.suggest(Drawn(data))
    try:
        numbers = leaves(space.recipe(params).document)
    except TrialError:
        return
    found = space.sources(params)
    assert {leaf: numbers[leaf] for leaf in found} == {leaf: params[n] for leaf, n in found.items()}
    floats = {name for name, value in params.items() if isinstance(value, float)}
    assert set(found.values()) == floats


def test_spaces_travel_to_workers(space: Space) -> None:
    assert pickle.loads(pickle.dumps(space)) == space


@pytest.mark.parametrize(
    ("recipe", "values", "message"),
    [
        ("linear", {"linear.weight[a]": 0.5, "linear.weight[b]": -0.5}, "sum to zero"),
    ],
)
def test_points_that_cannot_be_merged_are_refused(
    space: Space, recipe: str, values: dict[str, float], message: str
) -> None:
    with pytest.raises(TrialError, match=message) as caught:
        fill(space, recipe, **values)
    assert caught.value.failure is Failure.INVALID_RECIPE


def test_della_outside_its_bounds_is_refused(space: Space) -> None:
    values = {"vectors.merge_method": "della", "vectors.epsilon[b]": 0.2}
    assert fill(space, "vectors", shared_density=0.5, **values).method == "della"
    with pytest.raises(TrialError, match="density ± epsilon"):
        fill(space, "vectors", shared_density=0.1, **values)


def test_an_input_may_be_called_base() -> None:
    text = PLAIN.replace("ties", "linear").replace("    base_model: base\n", "")
    space = read(text.replace(", density: 0.5", "").replace("model: rev", "model: base"))
    assert space.base is None
    assert space.references == space.parents == ("org/base", "org/sort")


def test_who_only_lends_a_tokenizer_is_no_parent() -> None:
    space = read(PLAIN.replace("model: sort", "model: base") + "")
    assert space.parents == ("org/base", "org/rev")
    lent = read(
        PLAIN.replace("    dtype:", "    tokenizer_source: sort\n    dtype:").replace(
            "      - model: sort\n        parameters: {weight: 0.3}\n", ""
        )
    )
    assert lent.references == ("org/base", "org/rev", "org/sort")
    assert lent.parents == ("org/base", "org/rev")
