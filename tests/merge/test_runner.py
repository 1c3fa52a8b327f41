"""Tensors go straight into their slots, where they fit; kernels or mergekit make them."""

from types import SimpleNamespace

import pytest
import torch

from evomerge.merge.mergekit.configuration import configuration, locate, options
from evomerge.merge.mergekit.steps import Read
from evomerge.merge.plans import Plans
from evomerge.merge.runner import StepRunner
from evomerge.recipe.recipe import Recipe


@pytest.mark.parametrize("method", ["dare_ties", "nuslerp"])  # by kernels, by mergekit
def test_slots_take_what_fits(
    method: str, make: SimpleNamespace, locations: dict[str, str]
) -> None:
    recipe = locate(Recipe.from_document(make.document(method, "plain")), locations)
    config, settings = configuration(recipe), options(recipe, "")
    runner = StepRunner(2**20)
    steps = Plans(runner.inputs).of(recipe.form, config, settings).steps
    assert steps is not None
    wanted = runner.run(steps, config, settings, {})
    fits, other = "model.layers.0.mlp.up_proj.weight", "model.layers.1.mlp.up_proj.weight"
    slots = {
        fits: torch.empty_like(wanted[fits]),
        other: torch.empty_like(wanted[other], dtype=torch.bfloat16),
    }
    for _ in range(2):
        merged = runner.run(steps, config, settings, slots)
        assert merged[fits] is slots[fits]
        assert merged[other] is not slots[other]
        assert merged.keys() == wanted.keys()
        assert all(torch.equal(merged[name], wanted[name]) for name in wanted)


def test_kernels_read_whole_finite_tensors_of_one_shape() -> None:
    runner = StepRunner(2**20)

    def served(*tensors: torch.Tensor | None) -> bool:
        runner.clear()
        reads = [Read(f"model-{i}", t, stored=True) for i, t in enumerate(tensors)]
        assert runner.inputs is not None
        return runner.inputs(reads, None) is not None

    plain = torch.ones(2, 3)
    assert served(plain, torch.zeros(2, 3))
    assert not served(plain, None)
    assert not served(plain, torch.ones(3, 2))
    assert not served(plain, torch.ones(3, 2).T)
    assert not served(plain, plain / 0)
    assert not served(plain.half(), plain.half())
    assert StepRunner(2**20, device="cuda").inputs is None


def test_converted_parents_are_cached_within_the_bound() -> None:
    reads = [Read("x", torch.ones(4), stored=False)]
    roomy, full = StepRunner(16), StepRunner(15)
    assert roomy.inputs is not None and full.inputs is not None
    assert roomy.inputs(reads, None) is not None
    assert roomy.cache.held_bytes == 16
    assert full.inputs(reads, None) is None
    roomy.clear()
    assert roomy.cache.held_bytes == 0
