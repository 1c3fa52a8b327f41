"""Make the tensors of a merge, one after the other: by a kernel where one serves, or by mergekit.

What does not depend on the sampled values is cached, within a bound.
"""

from collections.abc import Callable, Mapping

import torch
from mergekit.options import MergeOptions

from evomerge.errors import Failure, TrialError
from evomerge.merge.backward import Made, Run, parts
from evomerge.merge.kernels.arithmetic import DTYPES, Arithmetic, serves
from evomerge.merge.kernels.cache import Cache
from evomerge.merge.kernels.draws import Draws, Mark
from evomerge.merge.mergekit.configuration import Configuration
from evomerge.merge.mergekit.failures import check_finite, named_failures, not_finite
from evomerge.merge.mergekit.process import seeded, threads
from evomerge.merge.mergekit.steps import Read, Step, Steps
from evomerge.merge.slopes import Part
from evomerge.merge.tensors import Inputs, Values, flat, shaped
from evomerge.methods.traits import traits

Slots = Mapping[str, torch.Tensor]


class StepRunner:
    """Runs the steps of recipe after recipe. Not thread-safe.

    Args:
        cache_bytes: Bound on the memory for what merges share: ranks, draws, converted parents.
        device: Where merges run; kernels serve on the CPU alone.
        built_on: Where tensors without a slot are put.

    Attributes:
        last: How the tensors of the last recipe were made; None if that failed or was forgotten.
    """

    def __init__(self, cache_bytes: int, device: str = "cpu", built_on: str = "cpu") -> None:
        self._device, self._built_on = device, built_on
        self.cache = Cache(cache_bytes)
        self._arithmetic = Arithmetic(self.cache)
        self._finite: dict[tuple[str, torch.dtype], bool] = {}
        self.last: Run | None = None

    @property
    def inputs(self) -> Callable[[list[Read], int | None], Inputs | None] | None:
        """What finds the inputs of kernels among what a step reads; None off the CPU."""
        return self._inputs if self._device == "cpu" else None

    def clear(self) -> None:
        """Forget all that is known of parents, as when the files of one have changed."""
        self.last = None  # it holds what was converted
        self._finite.clear()
        self.cache.clear()

    def run(
        self, steps: Steps, config: Configuration, settings: MergeOptions, slots: Slots
    ) -> dict[str, torch.Tensor]:
        """Make the tensors of a recipe.

        Args:
            steps: The steps of its form.
            config: The recipe's configuration, not normalized.
            settings: mergekit's options: seed, threads.
            slots: Where tensors go, by name, if they have the right shape and dtype; each is
                asked for only when it is about to be written.

        Raises:
            TrialError: The merge failed, by name; slots hold anything.
        """
        self.last = None
        with named_failures(Failure.INVALID_RECIPE):
            values = steps.bind(config)
        served = [
            step.inputs is not None and serves(config.merge_method, step.inputs, own)
            for step, own in zip(steps.steps, values, strict=True)
        ]
        random = traits(config.merge_method).draws
        if random and not all(served):
            served = [False] * len(served)  # all tensors draw from one stream of numbers
        draws = Draws(self.cache, settings.random_seed)
        marks: list[Mark | None] = []
        tensors: dict[str, torch.Tensor] = {}
        with (
            named_failures(Failure.MERGE_FAILED),
            threads(settings.num_threads),
            seeded(settings.random_seed),
            torch.no_grad(),
        ):
            for step, own, fast in zip(steps.steps, values, served, strict=True):
                marks.append(draws.mark() if random else None)
                tensor = self._fast(step, own, draws, slots) if fast else self._slow(step, own)
                if tensor is not None:
                    slot = slots.get(step.save.tensor_name)
                    put = _put(tensor, slot)
                    tensors[step.save.tensor_name] = put if put is slot else put.to(self._built_on)
        made = map(Made, steps.steps, values, served, marks)
        self.last = Run(config, draws, settings.num_threads, tuple(made))
        return tensors

    def parts(self) -> dict[str, Part]:
        """Return the parts that tensors of the last recipe have in its slopes.

        Returns:
            Name of a tensor → its part, of those that depend on a number of the recipe; valid
            until the next recipe is run.

        Raises:
            TrialError: No recipe was run last, as for mixtures and united tokenizers, or its run
                failed (`NO_GRADIENT`).
        """
        if self.last is None:
            reason = "no merge of tensors alone was made last: mixtures and united tokens are more"
            raise TrialError(Failure.NO_GRADIENT, reason)
        return parts(self.last, self._arithmetic, self._device)

    def _fast(self, step: Step, values: Values, draws: Draws, slots: Slots) -> torch.Tensor:
        assert step.inputs is not None
        slot = slots.get(step.save.tensor_name)
        like = step.inputs.tensors[0]
        out = slot if slot is not None and _takes(slot, like) else torch.empty_like(like)
        if not self._arithmetic.merge(step.merge.method_name, step.inputs, values, draws, out):
            raise not_finite(step.save.tensor_name)
        return _converted(step, out)

    def _slow(self, step: Step, values: Values) -> torch.Tensor | None:
        merged = step.by_mergekit(values, self._device)
        if merged is None:
            if not step.save.optional:
                what = f"mergekit gives nothing for {step.save.tensor_name}"
                raise TrialError(Failure.MERGE_FAILED, what)
            return None
        check_finite(step.save.tensor_name, merged)
        return _converted(step, merged)

    def _inputs(self, reads: list[Read], base: int | None) -> Inputs | None:
        """Return what a step is merged from, if kernels can take it; None if they cannot.

        Args:
            reads: What it reads, a model each.
            base: Index of the base model, or None.
        """
        found = [self._readable(read) for read in reads]
        tensors = tuple(tensor for tensor in found if tensor is not None)
        alike = {(tensor.shape, tensor.dtype) for tensor in tensors}
        if len(tensors) < len(found) or len(alike) != 1:
            return None
        return Inputs(tuple(read.name for read in reads), tensors, base)

    def _readable(self, read: Read) -> torch.Tensor | None:
        """Return a parent's tensor if kernels can read it where it lies, or in a cached copy."""
        tensor = read.tensor
        if tensor is None or tensor.dtype not in DTYPES or not tensor.is_contiguous():
            return None
        key = (read.name, tensor.dtype)
        if key not in self._finite:
            self._finite[key] = bool(tensor.isfinite().all())
        if not self._finite[key] or tensor.data_ptr() % tensor.itemsize:
            return None
        if read.stored:
            return tensor
        own = self.cache.get(("converted", *key), lambda: flat(tensor))
        return shaped(own, tensor) if ("converted", *key) in self.cache else None


def _converted(step: Step, tensor: torch.Tensor) -> torch.Tensor:
    if step.dtype in (None, tensor.dtype):
        return tensor
    converted = tensor.to(step.dtype)
    check_finite(step.save.tensor_name, converted)
    return converted


def _takes(slot: torch.Tensor, like: torch.Tensor) -> bool:
    return (
        slot.device.type == "cpu"
        and slot.dtype is like.dtype
        and slot.shape == like.shape
        and slot.is_contiguous()
    )


def _put(tensor: torch.Tensor, slot: torch.Tensor | None) -> torch.Tensor:
    """Copy a tensor into its slot, so that its own memory is free again."""
    if slot is None or slot.dtype is not tensor.dtype or slot.shape != tensor.shape:
        return tensor
    return slot if slot.data_ptr() == tensor.data_ptr() else slot.copy_(tensor)
