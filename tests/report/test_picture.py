from pathlib import Path
from typing import Any

import numpy as np
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


def test_what_is_shown_has_a_derivative() -> None:
    assert maps(recipe(0.5, 0.5)) == []
    assert maps(recipe(VALUE, method="sce")) == []


def test_a_picture_is_as_large_as_its_maps(tmp_path: Path) -> None:
    sizes = []
    for index, one in enumerate((recipe(VALUE), recipe(VALUE, VALUE, [0.1] * 40))):
        path = draw(one, tmp_path / f"{index}.png")
        assert path is not None
        with Image.open(path) as image:
            sizes.append(image.size)
    assert sizes[0] < sizes[1]
    assert draw(recipe(0.5), tmp_path / "none.png") is None
    assert not (tmp_path / "none.png").exists()
