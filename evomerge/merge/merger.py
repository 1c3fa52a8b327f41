"""Merge in memory: mergekit's own plan and executor, with a writer that keeps the tensors."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from mergekit.io.tasks import TensorWriterTask
from pydantic import ConfigDict

from evomerge.errors import EvomergeError, Failure, TrialError
from evomerge.merge.mergekit import configuration as make
from evomerge.merge.mergekit.collector import Collector
from evomerge.merge.mergekit.engine import Tokenizer, execute
from evomerge.merge.mergekit.experts import build_moe
from evomerge.merge.mergekit.seeding import seeded
from evomerge.merge.mergekit.tokenizer import tokenizer_of
from evomerge.merge.models.resident import Parents
from evomerge.merge.planned import PlannedMerges, Slots
from evomerge.recipe.recipe import Recipe


@dataclass(frozen=True)
class Merged:
    """The weights of one merge. Tensors may be the parents' own: do not write to them.

    Args:
        tensors: Checkpoint name → tensor, as mergekit would write them.
        config: The output model's config.
        generation: The generation config that goes with the model, or its folder, or None.
        shape: The same for all merges that differ in the values of parameters alone; empty where
            that is not known.
    """

    tensors: Mapping[str, torch.Tensor]
    config: transformers.PretrainedConfig
    generation: Path | transformers.GenerationConfig | None = None
    shape: str = ""


class MemoryMerger:
    """Merges recipes in this process. Not thread-safe.

    Adapters are merged into their models here, at once, since that draws random numbers.

    Args:
        locations: Model reference as recipes write it → folder, hub id, or `X+adapter`.
        cache: Folder for models with adapters merged in.
        device: `cpu`, or where the arithmetic runs; results equal mergekit's on that device.
        kept_bytes: Bound on the memory for what merges share, ≥ 0; see `Kept`.
        built_on: Where tensors without a slot are put; None for `device`. A model that needs
            several GPUs would not fit on the one that merges.

    Raises:
        InputError: A model cannot be found, or an adapter does not fit.
        PlatformError: The cache cannot be written.
    """

    def __init__(
        self,
        locations: Mapping[str, str],
        cache: str | Path,
        device: str = "cpu",
        kept_bytes: int = 2**31,
        built_on: str | None = None,
    ) -> None:
        self._locations = dict(locations)
        self._device, self._built_on = device, built_on or device
        self._parents = Parents(cache, device)
        self._planned = PlannedMerges(kept_bytes, device, self._built_on)
        self._fingerprints: dict[str, str] = {}
        self._moe_tokenizers: dict[str, Tokenizer] = {}
        self._parents.merge_adapters(self._locations.values())

    def merge(self, recipe: Recipe, slots: Callable[[str], Slots] = lambda shape: {}) -> Merged:
        """Merge a recipe; bit-equal to `mergekit-yaml` on the exported recipe.

        Args:
            recipe: References as the space writes them.
            slots: Gives for a merge's shape where its tensors go, by name; those that do not fit
                there, and those without a slot, get memory of their own. After a failure the
                slots hold anything.

        Raises:
            TrialError: `INVALID_RECIPE`, `MERGE_FAILED`, `SHAPE_MISMATCH`, `NAN_WEIGHTS`
                or `OUT_OF_MEMORY`, with what mergekit says.
        """
        located = make.locate(recipe, self._locations)
        if located.is_mixture:
            return self._mixture(located)
        config = self._configuration(located)
        self._hold(located)
        settings = make.options(located, self._parents.lora_cache, self._device)
        key = located.form
        shape = self._planned.shape(key, config, settings)
        if shape.plan:
            tensors = self._planned.merge(shape.plan, config, settings, slots(key))
            return Merged(tensors, shape.config, shape.generation, key)
        writer = _CollectorTask(out_path="", max_shard_size=-1, collector=Collector(self._built_on))
        with seeded(located.seed):
            executed = execute(config, settings, writer)
        return Merged(writer.collector.tensors, executed.config, shape.generation)

    def _hold(self, located: Recipe) -> None:
        """Have the parents in memory; what was known of them is forgotten when one changed."""
        held = self._parents.hold(located.models)
        if any(self._fingerprints.get(model, now) != now for model, now in held.items()):
            self._planned.forget()
        self._fingerprints |= held

    def _mixture(self, located: Recipe) -> Merged:
        opened = self._opened(located)
        settings = make.options(located, self._parents.lora_cache, self._device)
        collector = Collector(self._built_on)
        with tempfile.TemporaryDirectory() as folder:
            with seeded(located.seed):
                build_moe(opened, settings, Path(folder), lambda **_: collector)
            config = transformers.AutoConfig.from_pretrained(folder)
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self._moe_tokenizers[located.document["base_model"]] = tokenizer
        return Merged(collector.tensors, config)

    def keep(self, kept_bytes: int) -> None:
        """Set the bound on what is kept from one merge for the next; above it, all is freed."""
        self._planned.keep(kept_bytes)

    def tokenizer(self, recipe: Recipe) -> Tokenizer:
        """Return the tokenizer that the recipe's merged folder would have.

        Raises:
            TrialError: The recipe is invalid, or its tokenizer cannot be had.
        """
        if recipe.is_mixture:
            base = make.locate(recipe, self._locations).document["base_model"]
            if base not in self._moe_tokenizers:
                self.merge(recipe)
            return self._moe_tokenizers[base]
        return tokenizer_of(self._configuration(make.locate(recipe, self._locations)))

    def _configuration(self, located: Recipe) -> make.Configuration:
        return make.configuration(self._opened(located))

    def _opened(self, located: Recipe) -> Recipe:
        try:
            opened = {model: self._parents.reference(model) for model in located.models}
        except EvomergeError as error:
            raise TrialError(Failure.INVALID_RECIPE, str(error)) from error
        return located.with_models(opened)


class _CollectorTask(TensorWriterTask):  # type: ignore[misc]
    model_config = ConfigDict(arbitrary_types_allowed=True)
    collector: Collector

    def execute(self, **_: object) -> Collector:
        return self.collector
