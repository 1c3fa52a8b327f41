"""Weights in memory: parents stay resident, what recipes of one form share is planned once."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import transformers
from mergekit.options import MergeOptions

from evomerge.errors import EvomergeError, Failure, TrialError
from evomerge.merge.mergekit import configuration as make
from evomerge.merge.mergekit.engine import Tokenizer, execute
from evomerge.merge.mergekit.experts import build_moe
from evomerge.merge.mergekit.process import seeded
from evomerge.merge.mergekit.tokenizer import tokenizer_of
from evomerge.merge.mergekit.writers import MemoryWriter, writing_to
from evomerge.merge.models.resident import Parents
from evomerge.merge.plans import Plans
from evomerge.merge.runner import Slots, StepRunner
from evomerge.merge.slopes import Part
from evomerge.merge.tokenizers import Tokenizers
from evomerge.merge.weights import Weights, read_generation
from evomerge.recipe.recipe import Recipe


class InMemory:
    """Makes the weights of recipes in this process. Not thread-safe.

    Adapters are merged into their models here, at once, since that draws random numbers.

    Args:
        locations: Model reference as recipes write it → folder, hub id, or `X+adapter`.
        cache: Folder for models with adapters merged in.
        device: `cpu`, or where the arithmetic runs; results equal mergekit's on that device.
        built_on: Where tensors without a slot are put; None for `device`.
        cache_bytes: Bound on the memory for what merges share, ≥ 0; see `kernels.cache`.

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
        cache_bytes: int = 2**31,
    ) -> None:
        self._locations = dict(locations)
        self._device, self._built_on = device, built_on or device
        self._parents = Parents(cache, device)
        self._runner = StepRunner(cache_bytes, device, self._built_on)
        self._plans = Plans(self._runner.inputs)
        self._tokenizers = Tokenizers()
        self._fingerprints: dict[str, str] = {}
        self._moe_tokenizers: dict[str, Tokenizer] = {}
        self._parents.merge_adapters(self._locations.values())

    def make(self, recipe: Recipe, slots: Slots) -> tuple[Weights, Tokenizer]:
        """Merge a recipe; return weights, and the tokenizer that goes with them.

        Args:
            recipe: References as the space writes them.
            slots: Where tensors go, by name, if they have the right shape and dtype.

        Raises:
            TrialError: The merge failed, by name.
        """
        return self.weights(recipe, slots), self._tokenizers.of(recipe, self.tokenizer)

    def weights(self, recipe: Recipe, slots: Slots | None = None) -> Weights:
        """Merge a recipe into tensors alone; bit-equal to `mergekit-yaml`.

        Args:
            recipe: References as the space writes them.
            slots: Where tensors go, by name, if they have the right shape and dtype.

        Raises:
            TrialError: `INVALID_RECIPE`, `MERGE_FAILED`, `SHAPE_MISMATCH`, `NAN_WEIGHTS` or
                `OUT_OF_MEMORY`, with what mergekit says.
        """
        self._runner.last = None
        located = make.locate(recipe, self._locations)
        settings = make.options(located, self._parents.lora_cache, self._device)
        if located.is_mixture:
            return self._mixture(located, settings)
        config = make.configuration(self._opened(located))
        self._hold(located)
        plan = self._plans.of(located.form, config, settings)
        generation = read_generation(plan.generation) if plan.generation else None
        if plan.steps:
            tensors = self._runner.run(plan.steps, config, settings, slots or {})
            return Weights(tensors, plan.config, generation, recipe.form)
        writer = MemoryWriter(self._built_on)
        with seeded(located.seed):
            executed = execute(config, settings, writing_to(lambda: writer))
        return Weights(writer.tensors, executed.config, generation)

    def parts(self) -> dict[str, Part]:
        """Return the parts that tensors of the last merge have in its slopes.

        Raises:
            TrialError: It cannot be differentiated (`NO_GRADIENT`).
        """
        return self._runner.parts()

    def tokenizer(self, recipe: Recipe) -> Tokenizer:
        """Return the tokenizer that the recipe's merged folder would have.

        Raises:
            TrialError: The recipe is invalid, or its tokenizer cannot be had.
        """
        located = make.locate(recipe, self._locations)
        if recipe.is_mixture:
            base = located.document["base_model"]
            if base not in self._moe_tokenizers:
                self.weights(recipe)
            return self._moe_tokenizers[base]
        return tokenizer_of(make.configuration(self._opened(located)))

    def limit_cache(self, cache_bytes: int) -> None:
        """Set the bound on what merges share, ≥ 0; if there is more, forget everything."""
        self._runner.cache.limit_bytes = cache_bytes
        if self._runner.cache.held_bytes > cache_bytes:
            self._forget()

    def _mixture(self, located: Recipe, settings: MergeOptions) -> Weights:
        opened = self._opened(located)
        writer = MemoryWriter(self._built_on)
        with tempfile.TemporaryDirectory() as folder:
            with seeded(located.seed):
                build_moe(opened, settings, Path(folder), lambda: writer)
            config = transformers.AutoConfig.from_pretrained(folder)
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self._moe_tokenizers[located.document["base_model"]] = tokenizer
        return Weights(writer.tensors, config)

    def _hold(self, located: Recipe) -> None:
        """Have the parents in memory; what was known of them is forgotten when one changed."""
        held = self._parents.hold(located.models)
        if any(self._fingerprints.get(model, now) != now for model, now in held.items()):
            self._forget()
        self._fingerprints |= held

    def _forget(self) -> None:
        self._plans.clear()
        self._runner.clear()

    def _opened(self, located: Recipe) -> Recipe:
        try:
            opened = {model: self._parents.reference(model) for model in located.models}
        except EvomergeError as error:
            raise TrialError(Failure.INVALID_RECIPE, str(error)) from error
        return located.with_models(opened)
