"""mergekit's plan and executor, with a writer of our choice."""

from types import SimpleNamespace

import pytest
import torch

from evomerge.errors import Failure, TrialError
from evomerge.merge.memory import InMemory
from evomerge.merge.mergekit.configuration import Configuration, configuration, locate, options
from evomerge.merge.mergekit.engine import execute, prepare
from evomerge.merge.mergekit.writers import MemoryWriter, writing_to
from evomerge.recipe.recipe import Recipe


@pytest.fixture
def linear(make: SimpleNamespace, locations: dict[str, str]) -> Recipe:
    return locate(Recipe.from_document(make.weighted("linear", 0.4)), locations)


def copy(recipe: Recipe) -> Configuration:
    return configuration(recipe).model_copy(deep=True)


def test_a_run_gives_the_tensors_of_a_merge(
    linear: Recipe, make: SimpleNamespace, in_memory: InMemory
) -> None:
    writer = MemoryWriter()
    executed = execute(copy(linear), options(linear, ""), writing_to(lambda: writer))
    wanted = in_memory.weights(Recipe.from_document(make.weighted("linear", 0.4)))
    assert writer.tensors.keys() == wanted.tensors.keys()
    for name, tensor in wanted.tensors.items():
        assert torch.equal(writer.tensors[name], tensor), name
    assert executed.config.to_dict() == wanted.config.to_dict()
    assert executed.tokenizer is None


def test_every_output_tensor_has_a_site(linear: Recipe) -> None:
    prepared = prepare(copy(linear), options(linear, ""))
    assert "model.layers.3.mlp.up_proj.weight" in prepared.sites
    assert prepared.config.num_hidden_layers == 4


def test_what_cannot_be_planned_is_invalid(linear: Recipe) -> None:
    document = linear.document | {"merge_method": "liner"}
    config = configuration(Recipe.from_document(document))
    with pytest.raises(TrialError, match="liner") as caught:
        prepare(config, options(linear, ""))
    assert caught.value.failure is Failure.INVALID_RECIPE
