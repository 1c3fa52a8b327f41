"""A merged model's folder as mergekit leaves it: weights, config, tokenizer, model card."""

from pathlib import Path

from mergekit.card import generate_card
from mergekit.options import MergeOptions

from evomerge.errors import Failure, TrialError
from evomerge.merge.mergekit.configuration import Configuration, configuration
from evomerge.merge.mergekit.engine import Executed, execute
from evomerge.merge.mergekit.private import (
    copy_tagalong_files,
    copy_tokenizer,
    set_chat_template,
)
from evomerge.merge.mergekit.writers import folder_writer, writing_to
from evomerge.recipe.recipe import Recipe


def write_model(config: Configuration, settings: MergeOptions, folder: Path) -> None:
    """Do what `mergekit-yaml` does, but for the recipe and the card.

    Args:
        config: The merge.
        settings: mergekit's options; the seed is the caller's business.
        folder: Where to.

    Raises:
        TrialError: The merge failed, by name.
    """
    writer = writing_to(lambda: folder_writer(folder))
    executed = execute(config.model_copy(deep=True), settings, writer)
    _write_companions(folder, config, settings, executed)


def model_card(recipe: Recipe, text: str, name: str) -> str:
    """Return mergekit's model card.

    Args:
        recipe: Locations as its references, folders absolute: mergekit looks others up on the hub.
        text: The recipe as it is written beside the card.
        name: The model's name.
    """
    card: str = generate_card(configuration(recipe), text.rstrip(), name=name)
    return card


def _write_companions(
    folder: Path, config: Configuration, settings: MergeOptions, executed: Executed
) -> None:
    executed.config.save_pretrained(folder)
    if executed.tokenizer is not None:
        set_chat_template(executed.tokenizer, config)
        executed.tokenizer.save_pretrained(folder)
    else:
        try:
            copy_tokenizer(config, str(folder), options=settings)
        except (RuntimeError, ValueError, KeyError) as error:
            reason = f"the tokenizer cannot be copied: {error}"
            raise TrialError(Failure.MERGE_FAILED, reason) from error
    files = executed.arch.tagalong_files or []
    copy_tagalong_files(config, str(folder), files=files, options=settings)
