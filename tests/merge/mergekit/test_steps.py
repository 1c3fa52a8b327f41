"""Steps stand in mergekit's order and hold for all recipes of a form."""

from types import SimpleNamespace

import pytest
from mergekit.io.tasks import LoadTensor

from evomerge.merge.mergekit.configuration import configuration, locate, options
from evomerge.merge.mergekit.engine import prepare
from evomerge.merge.mergekit.steps import Read, Steps, compile_steps
from evomerge.merge.plans import Plans
from evomerge.merge.runner import StepRunner
from evomerge.recipe.recipe import Recipe

SEEN: list[tuple[list[Read], int | None]] = []


def steps_of(recipe: Recipe) -> Steps | None:
    SEEN.clear()
    prepared = prepare(configuration(recipe).model_copy(deep=True), options(recipe, ""))

    def note(reads: list[Read], base: int | None) -> None:
        SEEN.append((reads, base))

    return compile_steps(prepared.tasks, prepared.sites, note)


def test_values_of_another_recipe_are_bound(
    make: SimpleNamespace, locations: dict[str, str]
) -> None:
    one, two = (
        locate(Recipe.from_document(make.weighted("ties", w, base_model="base")), locations)
        for w in (0.3, 0.7)
    )
    steps = steps_of(one)
    assert steps is not None
    assert {values.own[0]["weight"] for values in steps.bind(configuration(one))} == {0.3}
    assert {values.own[0]["weight"] for values in steps.bind(configuration(two))} == {0.7}
    reads, base = SEEN[0]
    assert base == 3
    assert [read.name.split(":")[0] for read in reads] == [locations[m] for m in (*"abc", "base")]
    assert all(read.stored and read.tensor is not None for read in reads)


def test_without_kernels_no_tensor_is_loaded(
    make: SimpleNamespace, locations: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = locate(Recipe.from_document(make.weighted("linear")), locations)
    loaded: list[str] = []
    monkeypatch.setattr(LoadTensor, "execute", lambda load, **_: loaded.append(load.tensor))
    elsewhere = StepRunner(2**20, device="cuda:7")
    plan = Plans(elsewhere.inputs).of(
        recipe.form, configuration(recipe), options(recipe, "", "cuda:7")
    )
    assert plan.steps is not None
    assert len(plan.steps.steps) > 10
    assert loaded == []
    steps_of(recipe)
    assert loaded


def test_a_merge_of_tokenizers_is_left_to_mergekit(
    make: SimpleNamespace, locations: dict[str, str]
) -> None:
    document = make.weighted("linear", tokenizer_source="union")
    assert steps_of(locate(Recipe.from_document(document), locations)) is None
