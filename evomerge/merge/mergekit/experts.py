"""Mixtures of experts: mergekit-moe's own builder, with a writer of our choice."""

from collections.abc import Callable
from pathlib import Path

from mergekit.moe.config import MoEMergeConfig
from mergekit.options import MergeOptions
from mergekit.scripts.moe import build

from evomerge.errors import Failure, TrialError
from evomerge.merge.mergekit.failures import named_failures
from evomerge.merge.mergekit.private import moe_writes_to
from evomerge.merge.mergekit.process import threads
from evomerge.merge.mergekit.writers import Writer
from evomerge.recipe.recipe import Recipe
from evomerge.recipe.reference import Reference


def build_moe(
    recipe: Recipe, settings: MergeOptions, folder: Path, make: Callable[[], Writer]
) -> None:
    """Do what `mergekit-moe` does: config and tokenizer into a folder, tensors to the writer.

    Args:
        recipe: A mixture of experts whose references are folders.
        settings: mergekit's options; the seed is the caller's business.
        folder: Takes `config.json` and the tokenizer.
        make: Makes what takes the tensors.

    Raises:
        TrialError: `INVALID_RECIPE` if mergekit refuses it, or the named reason of a failure.
    """
    adapters = [model for model in recipe.models if Reference.parse(model).adapter]
    if adapters:
        reason = f"an adapter cannot be an expert, merge it first: {adapters[0]}"
        raise TrialError(Failure.INVALID_RECIPE, reason)
    with named_failures(Failure.INVALID_RECIPE):
        config = MoEMergeConfig.model_validate(recipe.document)
    with named_failures(Failure.MERGE_FAILED), moe_writes_to(lambda **_: make()):
        with threads(settings.num_threads):
            try:
                build(config, str(folder), settings, device=settings.device)
            except SystemExit:
                reason = "mergekit-moe has no architecture for this mixture of these models"
                raise TrialError(Failure.INVALID_RECIPE, reason) from None
