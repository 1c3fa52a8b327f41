from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evomerge.recipe.recipe import Recipe
from evomerge.report.picture import draw, maps

VALUE = [
    {"filter": "mlp", "value": [0.0, 1.0]},
    {"filter": "self_attn", "value": 0.3},
    {"filter": "mlp", "value": 9.0},
    {"value": [0.1, 0.2, 0.4]},
]


def recipe(*weights: Any, method: str = "task_arithmetic") -> Recipe:
    models = [
        {"model": f"org/{name}", "parameters": {"weight": weight, "density": [0.1, 0.9]}}
        for name, weight in zip("abc", weights, strict=False)
    ]
    return Recipe.from_document({"merge_method": method, "base_model": "org/x", "models": models})


def test_rows_are_filters_and_columns_layers() -> None:
    one, two = maps(recipe(VALUE, [1.0, 0.0], 0.5), {"org/a": "a", "org/b": "b"})
    assert (one.title, one.rows) == ("weight of a", ("mlp", "self_attn", "all others"))
    np.testing.assert_allclose(one.values, [[0, 0.5, 1], [0.3, 0.3, 0.3], [0.1, 0.2, 0.4]])
    assert (two.title, two.rows) == ("weight of b", ("all tensors",))
    np.testing.assert_allclose(two.values, [[1, 0.5, 0]])


@pytest.mark.parametrize("names", [{"org/a": "m", "org/a-v2": "two"}, {"org/a-v2": "two"}])
def test_a_models_name_is_not_put_into_anothers(names: dict[str, str]) -> None:
    models = [
        {"model": model, "parameters": {"weight": [0.1, 0.9]}} for model in ("org/a-v2", "org/a")
    ]
    found = maps(Recipe.from_document({"merge_method": "linear", "models": models}), names)
    assert [one.title for one in found] == [
        "weight of two",
        f"weight of {names.get('org/a', 'org/a')}",
    ]


def test_one_mapping_is_a_setting_and_nothing_is_none() -> None:
    (one,) = maps(recipe({"filter": "mlp", "value": [0.0, 1.0]}, []))
    assert one.rows == ("mlp",)
    np.testing.assert_allclose(one.values, [[0, 1]])


def test_columns_are_layers_where_their_number_is_known() -> None:
    (one,) = maps(recipe([0.0, 0.5, 1.0]))
    assert (one.across, one.values.shape) == ("depth", (1, 3))
    (one,) = maps(recipe([0.0, 0.5, 1.0]), layers=5)
    assert one.across == "layer"
    np.testing.assert_allclose(one.values, [[0, 0.25, 0.5, 0.75, 1]])
    slices = [
        {
            "sources": [
                {"model": "a", "layer_range": ends, "parameters": {"weight": [0.0, 1.0]}},
                {"model": "b", "layer_range": ends, "parameters": {"weight": 1}},
            ]
        }
        for ends in ([0, 4], [4, 6])
    ]
    found = maps(Recipe.from_document({"merge_method": "linear", "slices": slices}), {"a": "m"}, 4)
    assert [(m.title, m.across) for m in found] == [
        ("weight of slice0.m", "depth"),
        ("weight of slice1.m", "depth"),
    ]


def test_many_maps_of_many_rows_make_a_picture_of_a_bounded_size(tmp_path: Path) -> None:
    kinds = [{"filter": f"{n}.{'long' * 40}", "value": [0.1] * 60} for n in range(60)]
    models = [{"model": f"m{n}", "parameters": {"weight": kinds}} for n in range(13)]
    many = Recipe.from_document({"merge_method": "linear", "models": models})
    path = draw(many, tmp_path / "many.png")
    assert path is not None
    with Image.open(path) as image:
        assert image.width * image.height < 9e6


def test_what_is_shown_has_a_derivative() -> None:
    assert maps(recipe(0.5, 0.5)) == []
    assert maps(recipe(VALUE, method="sce")) == []


def test_a_picture_is_as_large_as_its_maps_and_none_is_left_of_an_earlier_recipe(
    tmp_path: Path,
) -> None:
    sizes = []
    for index, one in enumerate((recipe(VALUE), recipe(VALUE, VALUE, [0.1] * 40))):
        path = draw(one, tmp_path / f"{index}.png")
        assert path is not None
        with Image.open(path) as image:
            sizes.append(image.size)
    assert sizes[0] < sizes[1]
    assert draw(recipe(0.5), tmp_path / "0.png") is None
    assert not (tmp_path / "0.png").exists()
