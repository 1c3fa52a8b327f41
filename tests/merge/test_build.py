"""A model is built of exactly the tensors that its config asks for."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from transformers import BertConfig

from evomerge.errors import Failure, TrialError
from evomerge.merge.build import build
from evomerge.merge.memory import InMemory
from evomerge.recipe.recipe import Recipe


def test_wrong_tensors_are_a_shape_mismatch(make: SimpleNamespace, in_memory: InMemory) -> None:
    merged = in_memory.weights(Recipe.from_document(make.weighted("linear")))
    tensors = dict(merged.tensors)
    name = "model.layers.1.mlp.up_proj.weight"
    for changed in (
        {key: value for key, value in tensors.items() if key != name},
        tensors | {"extra.weight": tensors[name]},
        tensors | {name: tensors[name][:5]},
    ):
        with pytest.raises(TrialError) as caught:
            build(replace(merged, tensors=changed))
        assert caught.value.failure is Failure.SHAPE_MISMATCH
    with pytest.raises(TrialError, match="no causal LM for Dummy"):
        build(replace(merged, config=type("Dummy", (BertConfig,), {})()))


def test_a_model_has_memory_of_its_own_and_draws_nothing(
    make: SimpleNamespace, in_memory: InMemory
) -> None:
    weights = in_memory.weights(Recipe.from_document(make.stack(("a", 0, 2), ("b", 2, 4))))
    state = torch.get_rng_state()
    model = build(weights)
    assert torch.equal(state, torch.get_rng_state())
    assert not model.training
    theirs = {tensor.data_ptr() for tensor in weights.tensors.values()}
    assert not theirs & {tensor.data_ptr() for tensor in model.state_dict().values()}
