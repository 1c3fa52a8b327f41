"""Mixtures of experts: mergekit-moe's own builder, with a writer of our choice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mergekit.moe import common
from mergekit.moe.config import MoEMergeConfig
from mergekit.options import MergeOptions
from mergekit.scripts.moe import build

from evomerge.errors import Failure, TrialError
from evomerge.merge.mergekit.engine import named_failures, threads
from evomerge.recipe.recipe import Recipe
from evomerge.recipe.reference import Reference


def build_moe(
    recipe: Recipe, settings: MergeOptions, folder: Path, writer: Callable[..., Any]
) -> None:
    """Do what `mergekit-moe` does: config and tokenizer into a folder, tensors to the writer.

    Args:
        recipe: A mixture of experts whose references are folders.
        settings: mergekit's options; the seed is the caller's business.
        folder: Takes `config.json` and the tokenizer.
        writer: Called as mergekit calls its `TensorWriter`; gives what takes the tensors.

    Raises:
        TrialError: `INVALID_RECIPE` if mergekit refuses it, or the named reason of a failure.
    """
    adapters = [model for model in recipe.models if Reference.parse(model).adapter]
    if adapters:
        reason = f"an adapter cannot be an expert, merge it first: {adapters[0]}"
        raise TrialError(Failure.INVALID_RECIPE, reason)
    with named_failures(Failure.INVALID_RECIPE):
        config = MoEMergeConfig.model_validate(recipe.document)
    with named_failures(Failure.MERGE_FAILED), _writing_to(writer):
        with threads(settings.num_threads):
            try:
                build(config, str(folder), settings, device=settings.device)
            except SystemExit:
                reason = "mergekit-moe has no architecture for this mixture of these models"
                raise TrialError(Failure.INVALID_RECIPE, reason) from None


@contextmanager
def _writing_to(writer: Callable[..., Any]) -> Iterator[None]:
    """Let mergekit-moe write to another writer; it takes none as an argument."""
    before = common.TensorWriter
    common.TensorWriter = writer
    try:
        yield
    finally:
        common.TensorWriter = before
