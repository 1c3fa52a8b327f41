"""Recipe → live model: one owner of the weights that are made and of the models that take them."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import transformers

from evomerge.errors import Failure, TrialError
from evomerge.merge.live import LiveModels
from evomerge.merge.memory import InMemory
from evomerge.merge.mergekit.engine import Tokenizer
from evomerge.merge.runner import Slots
from evomerge.merge.slopes import Part, Slopes
from evomerge.merge.through_disk import ThroughDisk
from evomerge.merge.weights import Weights
from evomerge.methods.traits import traits
from evomerge.recipe.leaves import leaves, setting
from evomerge.recipe.recipe import Recipe


@dataclass(frozen=True)
class Live:
    """A merged model that can be run; valid until the next merge begins, which writes over it.

    Where that merge fails half-way, this model holds parts of both and must not be run any more;
    the merge after it builds a model of its own. A merge that fails before it writes changes
    nothing here.

    Args:
        model: The model, in eval mode.
        tokenizer: The tokenizer that its folder would hold; equal ones are one object.
    """

    model: transformers.PreTrainedModel
    tokenizer: Tokenizer


class Way(Protocol):
    """A way to make the weights of recipes: in memory, or through a disk."""

    def make(self, recipe: Recipe, slots: Slots) -> tuple[Weights, Tokenizer]:
        """Merge a recipe; see `InMemory.make`."""
        ...

    def parts(self) -> dict[str, Part]:
        """Return each tensor's part in the slopes of the last merge; see `InMemory.parts`."""
        ...

    def limit_cache(self, cache_bytes: int) -> None:
        """Set the bound on what merges share, ≥ 0."""
        ...


class Merger:
    """Merges recipes into live models, in this process. Not thread-safe.

    After a failure the next merge gives what it would have given without: see `Live`.

    Args:
        locations: Model reference as recipes write it → folder, hub id, or `X+adapter`.
        cache: Folder for models with adapters merged in.
        device: `cpu`, or where the arithmetic runs; results equal mergekit's on that device.
        gpus: GPUs over which a live model is spread, ≥ 1; for `cuda` only.
        mode: `memory`, or `disk` to write each model into a folder and read it back.
        cache_bytes: Bound on the memory for what merges share, ≥ 0; see `kernels.cache`.

    Attributes:
        seconds: Wall seconds of the last merge's stages: `merge`, `place`.

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
        gpus: int = 1,
        mode: Literal["memory", "disk"] = "memory",
        cache_bytes: int = 2**31,
    ) -> None:
        # A model that needs several GPUs would not fit on the one that merges.
        built_on = "cpu" if gpus > 1 else device
        self._way: Way
        if mode == "disk":
            self._way = ThroughDisk(locations, cache, device, built_on=built_on)
        else:
            self._way = InMemory(
                locations, cache, device, built_on=built_on, cache_bytes=cache_bytes
            )
        self._live = LiveModels(device, gpus=gpus)
        self._merged: str | None = None
        self.seconds: dict[str, float] = {}

    def merge(self, recipe: Recipe) -> Live:
        """Merge a recipe into a live model.

        It equals the model that transformers loads from the folder that `mergekit-yaml` makes of
        the exported recipe, bit for bit.

        Args:
            recipe: References as the space writes them.

        Raises:
            TrialError: `INVALID_RECIPE`, `MERGE_FAILED`, `SHAPE_MISMATCH`, `NAN_WEIGHTS`
                or `OUT_OF_MEMORY`, with what mergekit says.
        """
        self.seconds = {}
        self._merged = None
        with self._live.slots(recipe.form) as slots:
            with self._timed("merge"):
                weights, tokenizer = self._way.make(recipe, slots)
            with self._timed("place"):
                live = Live(self._live.place(weights), tokenizer)
        self._merged = recipe.recipe_id
        return live

    def slopes(self, recipe: Recipe) -> Slopes:
        """Return what takes gradients of the live model and gives slopes of its recipe.

        Args:
            recipe: The one that was merged last; the slopes are valid until the next merge begins.

        Raises:
            TrialError: `NO_GRADIENT`, where the merge cannot be differentiated, or the recipe
                has no number to differentiate by.
            ValueError: Another recipe was merged last, or its merge failed.
        """
        if recipe.recipe_id != self._merged:
            raise ValueError("slopes are those of the recipe that was merged last")
        parts = self._way.parts()
        names = self._live.parameter_names()
        differentiable = traits(recipe.method).differentiable
        known = frozenset(
            leaf for leaf in leaves(recipe.document) if setting(leaf) in differentiable
        )
        held = {
            names[name]: part
            for name, part in parts.items()
            if name in names and not known.isdisjoint(part.leaves)
        }
        if not held:
            reason = f"no weight depends on a number of this {recipe.method} recipe by a derivative"
            raise TrialError(Failure.NO_GRADIENT, reason)
        return Slopes(held, known)

    def limit_cache(self, cache_bytes: int) -> None:
        """Set the bound on what merges share, ≥ 0; if there is more, all of it is forgotten."""
        self._way.limit_cache(cache_bytes)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = time.perf_counter() - started
