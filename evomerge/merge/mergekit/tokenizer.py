"""Which tokenizer and generation config a merged model has: mergekit's choice."""

from pathlib import Path

import transformers
from mergekit.common import ModelReference
from mergekit.options import MergeOptions
from mergekit.tokenizer.build import build_tokenizer

from evomerge.errors import Failure, TrialError
from evomerge.merge.mergekit.configuration import Configuration
from evomerge.merge.mergekit.engine import Tokenizer
from evomerge.merge.mergekit.private import set_chat_template


def donor(config: Configuration) -> ModelReference:
    """Return the model that gives config and tokenizer: the base, or else the first."""
    reference: ModelReference = config.base_model or config.referenced_models()[0]
    return reference


def tokenizer_of(config: Configuration) -> Tokenizer:
    """Return the tokenizer that the merged folder would have.

    Raises:
        TrialError: It cannot be loaded or built (`MERGE_FAILED`).
    """
    source = config.tokenizer.source if config.tokenizer else config.tokenizer_source
    tokenizer: Tokenizer
    try:
        if source is None:
            tokenizer = transformers.AutoTokenizer.from_pretrained(donor(config).model.path)
        else:
            tokenizer = build_tokenizer(
                base_model=config.base_model,
                referenced_models=config.referenced_models(),
                tokenizer_source=source,
                trust_remote_code=False,
                add_tokens=list((config.tokenizer and config.tokenizer.tokens) or ()),
            ).tokenizer
        set_chat_template(tokenizer, config)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise TrialError(Failure.MERGE_FAILED, f"no tokenizer: {error}") from error
    return tokenizer


def generation_folder(config: Configuration, settings: MergeOptions) -> Path | None:
    """Return the folder from which mergekit copies a generation config, or None.

    It copies that file only along with the donor's tokenizer files.
    """
    if config.tokenizer_source or config.tokenizer or config.chat_template:
        return None
    merged = donor(config).merged(cache_dir=settings.lora_merge_cache)
    folder = Path(merged.model.path)
    names = ("tokenizer.json", "tokenizer.model")
    copied = (folder / "tokenizer_config.json").exists() and any(
        (folder / name).exists() for name in names
    )
    return folder if copied and (folder / "generation_config.json").exists() else None
