"""The tokenizers of merges; equal ones are one object, so that prompts are encoded once."""

import hashlib
import json
from collections.abc import Callable

from evomerge.merge.mergekit.engine import Tokenizer
from evomerge.recipe.recipe import Recipe

_CHOOSE = ("base_model", "tokenizer_source", "tokenizer", "chat_template")


class Tokenizers:
    """Tokenizers by recipe and by content."""

    def __init__(self) -> None:
        self._by_recipe: dict[str, Tokenizer] = {}
        self._by_content: dict[str, Tokenizer] = {}

    def of(self, recipe: Recipe, load: Callable[[Recipe], Tokenizer]) -> Tokenizer:
        """Return the tokenizer that a recipe's merged folder would have.

        Args:
            recipe: The recipe.
            load: Loads or builds it; asked once for all recipes that it is the same for.

        Raises:
            TrialError: It cannot be loaded or built.
        """
        document = recipe.document
        key = repr([recipe.models, *(document.get(name) for name in _CHOOSE)])
        if key not in self._by_recipe:
            self._by_recipe[key] = self.one(load(recipe))
        return self._by_recipe[key]

    def one(self, tokenizer: Tokenizer) -> Tokenizer:
        """Return the first of all tokenizers that do what this one does."""
        return self._by_content.setdefault(_content(tokenizer), tokenizer)


def _content(tokenizer: Tokenizer) -> str:
    """Return a hash of all that decides what a tokenizer does."""
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
