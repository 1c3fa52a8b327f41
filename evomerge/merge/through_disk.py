"""Weights by way of a folder: written as `evomerge merge` writes it, and read back."""

from collections.abc import Mapping
from pathlib import Path

import transformers

from evomerge.errors import Failure, TrialError
from evomerge.files import platform_errors, scratch
from evomerge.merge.disk import merge_to_disk, write_errors
from evomerge.merge.mergekit.engine import Tokenizer
from evomerge.merge.models.resident import Parents
from evomerge.merge.slopes import Part
from evomerge.merge.tokenizers import Tokenizers
from evomerge.merge.weights import Weights, read_weights
from evomerge.recipe.recipe import Recipe


class ThroughDisk:
    """Makes the weights of recipes by way of a folder that does not stay.

    Args:
        locations: Model reference as recipes write it → folder, hub id, or `X+adapter`.
        cache: Folder for models with adapters merged in, and for the merged one meanwhile.
        device: `cpu`, or where the arithmetic runs.
        built_on: Where the tensors are read to; None for `device`.

    Raises:
        InputError: A model cannot be found, or an adapter does not fit.
        PlatformError: The cache cannot be written.
    """

    def __init__(
        self,
        locations: Mapping[str, str],
        cache: str | Path,
        device: str = "cpu",
        *,
        built_on: str | None = None,
    ) -> None:
        self._locations, self._cache = dict(locations), Path(cache)
        self._device, self._built_on = device, built_on or device
        self._tokenizers = Tokenizers()
        Parents(cache, device).merge_adapters(self._locations.values())
        with platform_errors(self._cache, "cannot be made"):
            self._cache.mkdir(parents=True, exist_ok=True)

    def make(self, recipe: Recipe, slots: object) -> tuple[Weights, Tokenizer]:
        """Merge a recipe; return weights, and the tokenizer that goes with them.

        Args:
            recipe: References as the space writes them.
            slots: Not used: tensors are read into memory of their own.

        Raises:
            PlatformError: Disk full, or cache unwritable.
            TrialError: The merge failed, by name.
        """
        with write_errors(self._cache), scratch(self._cache) as folder:
            out = folder / "model"
            made = merge_to_disk(recipe, self._locations, out, self._cache, device=self._device)
            tokenizer = transformers.AutoTokenizer.from_pretrained(made)
            return read_weights(made, self._built_on), self._tokenizers.one(tokenizer)

    def parts(self) -> dict[str, Part]:
        """Refuse: a model that was read from a disk does not know what it was merged from.

        Raises:
            TrialError: Always (`NO_GRADIENT`).
        """
        reason = "workers.mode is disk: what is read from there knows nothing of its parents"
        raise TrialError(Failure.NO_GRADIENT, reason)

    def limit_cache(self, cache_bytes: int) -> None:
        """Do nothing: merges share nothing here."""
