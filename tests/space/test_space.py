"""Points of a space: drawn, filled, and back."""

import math
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evomerge.errors import Failure, TrialError
from evomerge.recipe.recipe import Recipe
from evomerge.space.advice import notes
from evomerge.space.difference import difference
from evomerge.space.generate.generation0 import fixed_recipes
from evomerge.space.reading.load import load_space
from evomerge.space.space import Space

RICH = """\
models: {base: org/base, a: org/a, b: /models/b, c: org/c@main+org/adapter}
recipes:
  - name: vectors
    merge_method: {choice: [ties, dare_ties, della, task_arithmetic]}
    base_model: base
    models:
      - model: a
        parameters:
          weight: {float: [0, 1.2], layers: 3, modules: [self_attn, mlp]}
          density: {float: [0.3, 0.7], name: shared_density}
      - model: b
        parameters:
          weight: {float: [0, 1], step: 0.1}
          density: {float: [0.3, 0.7], name: shared_density}
          epsilon: {float: [0.01, 0.2]}
    parameters: {normalize: {choice: [true, false]}, int8_mask: false}
    dtype: {choice: [float32, bfloat16]}
  - merge_method: slerp
    base_model: a
    models: [{model: a}, {model: c}]
    parameters: {t: {float: [0, 1], layers: 5}}
    tokenizer_source: c
  - merge_method: linear
    models:
      - {model: a, parameters: {weight: {float: [-1, 1]}}}
      - {model: b, parameters: {weight: {float: [-1, 1]}}}
  - merge_method: passthrough
    slices:
      - sources: [{model: a, layer_range: [0, {int: [1, 3]}]}]
      - sources:
          - model: {choice: [b, c]}
            layer_range: [{int: [0, 2]}, 4]
            parameters: {scale: {float: [0.01, 1], log: true}}
  - merge_method: nearswap
    base_model: a
    models: [{model: b}]
    parameters:
      t: [{filter: mlp, value: {float: [0, 1]}}, {value: [0, {float: [0, 1]}, 1]}]
    tokenizer: {source: b, tokens: {x: {source: a}}}
evaluate: {tasks: [{task: toy, metric: acc}]}
"""


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Space:
    path = tmp_path_factory.mktemp("space") / "rich.yaml"
    path.write_text(RICH)
    return load_space(path)


class Drawn:
    """A trial whose values hypothesis draws."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        if step:
            return low + step * self.data.draw(st.integers(0, round((high - low) / step)))
        return self.data.draw(st.floats(low, high))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        return self.data.draw(st.integers(low, high))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self.data.draw(st.sampled_from(list(choices)))


@settings(deadline=None, max_examples=200)
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


def fill(space: Space, recipe: str, **values: Any) -> Recipe:
    defaults = {p.name: p.domain.ends[0] for p in space.parameters() if p.name.startswith(recipe)}
    return space.recipe({"recipe": recipe, **defaults, **values})


def test_gradients_and_filters_are_mergekit_s(space: Space) -> None:
    weight = fill(space, "vectors", shared_density=0.5).document["models"][0]["parameters"][
        "weight"
    ]
    assert weight == [
        {"filter": "self_attn", "value": [0, 0, 0]},
        {"filter": "mlp", "value": [0, 0, 0]},
        {"value": [0, 0, 0]},
    ]


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


def test_holes_inside_gradients_and_filters_are_filled(space: Space) -> None:
    values = {"nearswap.t[mlp]": 0.25, "nearswap.t[rest][1]": 0.5}
    document = fill(space, "nearswap", **values).document
    assert document["parameters"]["t"] == [
        {"filter": "mlp", "value": 0.25},
        {"value": [0, 0.5, 1]},
    ]
    assert document["tokenizer"] == {"source": "/models/b", "tokens": {"x": {"source": "org/a"}}}


def test_della_outside_its_bounds_is_refused(space: Space) -> None:
    values = {"vectors.merge_method": "della", "vectors.epsilon[b]": 0.2}
    assert fill(space, "vectors", shared_density=0.5, **values).method == "della"
    with pytest.raises(TrialError, match="density ± epsilon"):
        fill(space, "vectors", shared_density=0.1, **values)


def test_density_has_no_part_in_task_arithmetic(space: Space) -> None:
    chosen = {"vectors.merge_method": "task_arithmetic"}
    assert fill(space, "vectors", shared_density=0.3, **chosen) == fill(
        space, "vectors", shared_density=0.6, **chosen
    )


def test_ids_are_the_same_in_another_process(space: Space) -> None:
    recipe = fill(space, "slerp")
    code = (
        "import sys; from evomerge.recipe.recipe import Recipe;"
        "r = Recipe.from_yaml(sys.stdin.read()); print(r.recipe_id, r.seed)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=recipe.to_yaml(),
        env={"PYTHONHASHSEED": "17"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [recipe.recipe_id, str(recipe.seed)]


def test_a_recipe_s_id_is_pinned() -> None:
    recipe = Recipe.from_yaml("merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]")
    assert recipe.recipe_id == "92e3ae3623e0"


def test_spaces_travel_to_workers(space: Space) -> None:
    assert pickle.loads(pickle.dumps(space)) == space


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


def test_difference_tells_what_changes_results(space: Space, tmp_path: Path) -> None:
    def variant(old: str, new: str) -> list[str]:
        path = tmp_path / "rich.yaml"
        path.write_text(RICH.replace(old, new))
        return difference(space, load_space(path))

    assert variant("a: org/a", "a: org/a") == []
    assert variant("evaluate:", "budget: {trials: 9}\nworkers: {count: 2}\nevaluate:") == []
    assert variant("evaluate:", "workers: {ray_address: auto}\nevaluate:") == []
    assert variant("a: org/a", "a: org/z") == ["models:", "  - a: org/a", "  + a: org/z"]
    assert variant("evaluate:", "search: {seed: 3}\nevaluate:") == [
        "search:",
        "  - seed: 0",
        "  + seed: 3",
    ]
    assert any("1.2" in line for line in variant("[0, 1.2]", "[0, 1.4]"))


def test_della_s_bounds_are_noted_only_where_a_point_may_leave_them(tmp_path: Path) -> None:
    def noted(density: str, epsilon: str) -> bool:
        path = tmp_path / "space.yaml"
        path.write_text(
            "models: {base: o/base, a: o/a}\n"
            "recipes:\n"
            "  - merge_method: della\n"
            "    base_model: base\n"
            f"    models: [{{model: a, parameters: {{weight: 1, density: {density}}}}}]\n"
            f"    parameters: {{epsilon: {epsilon}}}\n"
            "evaluate: {tasks: [{task: toy, metric: acc}]}\n"
        )
        return any("della needs" in note for note in notes(load_space(path)))

    assert noted("{float: [0.1, 0.8]}", "{float: [0.01, 0.1]}")
    assert not noted("{float: [0.2, 0.8]}", "{float: [0.01, 0.1]}")
    assert noted("{float: [0.2, 0.8]}", "0.1")


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
