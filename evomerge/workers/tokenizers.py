"""The tokenizers of merges; equal ones are one object, so that prompts are encoded once."""

import hashlib
import json
from pathlib import Path

import transformers

from evomerge.merge.merger import MemoryMerger
from evomerge.recipe.recipe import Recipe

Tokenizer = transformers.PreTrainedTokenizerBase

_CHOOSE = ("base_model", "tokenizer_source", "tokenizer", "chat_template")


class Tokenizers:
    """A worker's tokenizers, by recipe and by content."""

    def __init__(self) -> None:
        self._by_recipe: dict[str, Tokenizer] = {}
        self._by_content: dict[str, Tokenizer] = {}

    def of(self, recipe: Recipe, merger: MemoryMerger) -> Tokenizer:
        """Return the tokenizer that a recipe's merged folder would have.

        Args:
            recipe: The recipe.
            merger: What merges it.

        Raises:
            TrialError: It cannot be loaded or built.
        """
        document = recipe.document
        key = repr([recipe.models, *(document.get(name) for name in _CHOOSE)])
        if key not in self._by_recipe:
            self._by_recipe[key] = self._one(merger.tokenizer(recipe))
        return self._by_recipe[key]

    def in_folder(self, folder: Path) -> Tokenizer:
        """Return the tokenizer in a merged model's folder."""
        return self._one(transformers.AutoTokenizer.from_pretrained(folder))

    def _one(self, tokenizer: Tokenizer) -> Tokenizer:
        return self._by_content.setdefault(_content(tokenizer), tokenizer)


def _content(tokenizer: Tokenizer) -> str:
    """Return a hash of all that shapes what a tokenizer does."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    parts = [
        type(tokenizer).__name__,
        backend.to_str() if backend else tokenizer.get_vocab(),
        {key: str(value) for key, value in tokenizer.special_tokens_map.items()},
        tokenizer.chat_template,
        tokenizer.model_max_length,
        tokenizer.padding_side,
        tokenizer.truncation_side,
        str(getattr(tokenizer, "add_bos_token", None)),
        str(getattr(tokenizer, "add_eos_token", None)),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
