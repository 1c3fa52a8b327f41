"""In memory equals disk, bit for bit; failures have names; nothing leaks."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import pytest
import torch
from transformers import PreTrainedModel

from evomerge.errors import Failure, InputError, TrialError
from evomerge.merge.disk import merge_to_disk
from evomerge.merge.merger import Merger
from evomerge.merge.weights import Weights
from evomerge.methods.table import MERGEKIT
from evomerge.recipe.recipe import Recipe

Check = Callable[..., tuple[Weights, Path]]
METHODS = tuple(MERGEKIT)


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        pytest.param(method, kind, marks=() if kind == "plain" else pytest.mark.slow)
        for method in METHODS
        for kind in ("plain", "gradient", "filter")
        if kind == "plain" or method not in ("arcee_fusion", "model_stock")
    ],
)
def test_equals_mergekit_bit_for_bit(
    method: str, kind: str, make: SimpleNamespace, check_equal: Check
) -> None:
    check_equal(make.document(method, kind))


@pytest.mark.parametrize(
    "dtypes",
    [{"dtype": "bfloat16"}, {"dtype": "float32", "out_dtype": "bfloat16"}, {"dtype": "float16"}],
)
def test_dtypes_are_applied(
    dtypes: dict[str, str], make: SimpleNamespace, check_equal: Check
) -> None:
    merged, _ = check_equal(make.document("dare_ties", "plain") | dtypes)
    wanted = dtypes.get("out_dtype", dtypes["dtype"])
    assert {str(t.dtype) for t in merged.tensors.values()} == {f"torch.{wanted}"}


def test_random_slices_draw_in_mergekits_order(make: SimpleNamespace, check_equal: Check) -> None:
    models = [{"model": m, "layer_range": [0, 2]} for m in ("base", "a", "b")]
    twice = [{"model": m, "layer_range": [1, 3]} for m in ("base", "a", "b")]
    check_equal(
        {
            "merge_method": "dare_ties",
            "base_model": "base",
            "slices": [{"sources": models}, {"sources": twice}, {"sources": models}],
            "parameters": {"weight": 0.5, "density": 0.5},
            "dtype": "float32",
        }
    )


@pytest.mark.parametrize("dtype", ["float32", "float16"])  # by kernels, by mergekit
def test_a_merge_that_fails_half_way_leaves_nothing_behind(
    dtype: str,
    locations: dict[str, str],
    cache: Path,
    make: SimpleNamespace,
    tmp_path: Path,
    same_model: Callable[[PreTrainedModel, Path], None],
) -> None:
    def recipe(value: object) -> Recipe:
        plain = {"dtype": dtype, "parameters": {"normalize": False}}
        return Recipe.from_document(make.weighted("linear", value, **plain))

    merger = Merger(locations, cache)
    good, broken = recipe(0.3), recipe([{"filter": "layers.2", "value": 1e39}, {"value": 0.7}])
    assert good.form == broken.form
    for _ in range(2):
        live = merger.merge(good)
    before = {name: tensor.clone() for name, tensor in live.model.state_dict().items()}
    with pytest.raises(TrialError) as caught:
        merger.merge(broken)
    assert caught.value.failure is Failure.NAN_WEIGHTS
    after = live.model.state_dict()
    assert len({torch.equal(before[name], after[name]) for name in before}) == 2, "half-way"
    other = recipe(0.2)
    again = merger.merge(other)
    assert again.model is not live.model
    same_model(again.model, merge_to_disk(other, locations, tmp_path / "out", cache))


def test_a_merge_that_fails_before_it_writes_changes_nothing(
    locations: dict[str, str], cache: Path, make: SimpleNamespace
) -> None:
    merger = Merger(locations, cache)
    good = Recipe.from_document(make.weighted("linear", 0.3))
    for _ in range(2):
        live = merger.merge(good)
    before = {name: tensor.clone() for name, tensor in live.model.state_dict().items()}
    unlike = Recipe.from_document(make.weighted("linear", "heavy"))
    assert unlike.form == good.form
    with pytest.raises(TrialError) as caught:
        merger.merge(unlike)
    assert caught.value.failure is Failure.INVALID_RECIPE
    after = live.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert merger.merge(good).model is live.model


@pytest.mark.parametrize("mode", ["memory", "disk"])
def test_both_modes_give_the_same_model(
    mode: Literal["memory", "disk"],
    locations: dict[str, str],
    cache: Path,
    make: SimpleNamespace,
    tmp_path: Path,
    same_model: Callable[[PreTrainedModel, Path], None],
) -> None:
    first, second = (
        Recipe.from_document(make.weighted("ties", value, base_model="base"))
        for value in (0.3, 0.8)
    )
    merger = Merger(locations, tmp_path / "cache", mode=mode)
    one = merger.merge(first)
    two = merger.merge(second)
    assert one.model is two.model
    assert one.tokenizer is two.tokenizer
    assert set(merger.seconds) == {"merge", "place"}
    same_model(two.model, merge_to_disk(second, locations, tmp_path / "out", cache))
    assert not list((tmp_path / "cache").glob("*"))


def test_prints_nothing(
    locations: dict[str, str],
    cache: Path,
    make: SimpleNamespace,
    capfd: pytest.CaptureFixture[str],
) -> None:
    merger = Merger(locations, cache)
    merger.merge(Recipe.from_document(make.document("linear", "plain")))
    merger.merge(Recipe.from_document(make.weighted("linear", tokenizer_source="union")))
    assert capfd.readouterr() == ("", "")


def failure(merger: Merger, document: dict[str, object]) -> TrialError:
    with pytest.raises(TrialError) as caught:
        merger.merge(Recipe.from_document(document))
    return caught.value


def test_failures_have_names(
    locations: dict[str, str], cache: Path, make: SimpleNamespace, tmp_path: Path
) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig.from_pretrained(locations["a"], intermediate_size=96)
    LlamaForCausalLM(config).save_pretrained(tmp_path / "wide")
    broken = LlamaForCausalLM.from_pretrained(locations["a"])
    broken.model.norm.weight.data[3] = float("nan")
    broken.save_pretrained(tmp_path / "nan")
    shutil.copytree(locations["a"], tmp_path / "cut")
    weights = tmp_path / "cut" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    merger = Merger(
        locations | {name: str(tmp_path / name) for name in ("wide", "nan", "cut")}, cache
    )
    linear = make.weighted("linear")
    for document, name, words in (
        (linear | {"merge_method": "liner"}, Failure.INVALID_RECIPE, "liner"),
        ({"merge_method": "linear"}, Failure.INVALID_RECIPE, "models"),
        (make.weighted("linear", models=("a", "wide")), Failure.SHAPE_MISMATCH, "mlp"),
        (make.weighted("linear", models=("a", "nan")), Failure.NAN_WEIGHTS, "model.norm.weight"),
        (make.weighted("linear", models=("a", "cut")), Failure.MERGE_FAILED, "cut"),
        (make.weighted("linear", 0.0), Failure.NAN_WEIGHTS, "NaN"),
        (make.weighted("linear", models=("a", "zoo://x/y")), Failure.INVALID_RECIPE, "zoo://x/y"),
        (make.weighted("ties"), Failure.INVALID_RECIPE, "base"),
    ):
        error = failure(merger, document)
        assert error.failure is name, error
        assert words in str(error)
    merger.merge(Recipe.from_document(linear))


def test_a_missing_model_is_the_users_mistake(cache: Path, tmp_path: Path) -> None:
    merger = Merger({}, cache)
    assert merger is not None
    with pytest.raises(InputError, match="no such folder"):
        Merger({"x": str(tmp_path / "nowhere")}, cache)


def test_what_cannot_be_differentiated_says_why(
    locations: dict[str, str], cache: Path, merger: Merger, make: SimpleNamespace
) -> None:
    plain = Recipe.from_document(make.weighted("linear"))
    merger.merge(plain)
    assert merger.slopes(plain).names
    with pytest.raises(ValueError, match="merged last"):
        merger.slopes(Recipe.from_document(make.weighted("linear", 0.1)))
    through_disk = Merger(locations, cache, mode="disk")
    union = plain.document | {"tokenizer": {"source": "union"}}
    for ours, document, words in (
        (merger, make.document("model_stock", "plain"), "no weight depends on a number"),
        (merger, union, "no merge of tensors alone"),
        (through_disk, plain.document, "workers.mode is disk"),
    ):
        recipe = Recipe.from_document(document)
        ours.merge(recipe)
        with pytest.raises(TrialError, match=words) as caught:
            ours.slopes(recipe)
        assert caught.value.failure is Failure.NO_GRADIENT
