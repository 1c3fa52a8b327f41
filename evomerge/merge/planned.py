"""Merge recipe after recipe: planned once for each shape, then one pass over the weights."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from mergekit.io.tasks import LoaderCache, LoadTensor
from mergekit.merge_methods.task_adapter import ExecuteMergeMethodTask
from mergekit.options import MergeOptions

from evomerge.errors import Failure, TrialError
from evomerge.merge.kernels.arithmetic import DTYPES, Arithmetic, serves
from evomerge.merge.kernels.cache import Draws, Kept
from evomerge.merge.kernels.tensors import Inputs, Values, flat, shaped
from evomerge.merge.mergekit.configuration import Configuration
from evomerge.merge.mergekit.engine import check_finite, named_failures, prepare, threads
from evomerge.merge.mergekit.planner import Plan, Step, compile_plan
from evomerge.merge.mergekit.seeding import seeded
from evomerge.merge.mergekit.tokenizer import generation_folder
from evomerge.methods.traits import traits

_SHAPES = 16

Slots = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Shape:
    """What recipes of one shape share.

    Args:
        plan: Their plan, or None where mergekit does more than merge tensors.
        config: The output model's config.
        generation: Folder of the generation config that goes with the model, or None.
    """

    plan: Plan | None
    config: transformers.PretrainedConfig
    generation: Path | None


class PlannedMerges:
    """Merges by mergekit's plan, with kernels where they serve. Not thread-safe.

    Args:
        kept_bytes: Bound on the memory for what merges share: ranks, draws, converted parents.
        device: Where merges run; kernels serve on the CPU alone.
        built_on: Where tensors without a slot are put.
    """

    def __init__(self, kept_bytes: int, device: str = "cpu", built_on: str = "cpu") -> None:
        self._device, self._built_on = device, built_on
        self.kept = Kept(kept_bytes)
        self._arithmetic = Arithmetic(self.kept)
        self._shapes: OrderedDict[str, Shape] = OrderedDict()
        self._finite: dict[tuple[str, torch.dtype], bool] = {}

    def keep(self, kept_bytes: int) -> None:
        """Set the bound on what is kept, ≥ 0; if there is more, forget everything."""
        self.kept.limit_bytes = kept_bytes
        if self.kept.held_bytes > kept_bytes:
            self.forget()

    def forget(self) -> None:
        """Forget everything, as when a parent's files have changed."""
        self._shapes.clear()
        self._finite.clear()
        self.kept.clear()

    def shape(self, key: str, config: Configuration, settings: MergeOptions) -> Shape:
        """Return the shape by its key, planning it if it is new.

        Raises:
            TrialError: The recipe cannot be planned, by name.
        """
        if key not in self._shapes:
            generation = generation_folder(config, settings)
            prepared = prepare(config.model_copy(deep=True), settings)
            with named_failures(Failure.MERGE_FAILED):
                plan = compile_plan(prepared.tasks, prepared.sites, self._inputs)
            self._shapes[key] = Shape(plan, prepared.config, generation)
            while len(self._shapes) > _SHAPES:
                self._shapes.popitem(last=False)
        self._shapes.move_to_end(key)
        return self._shapes[key]

    def merge(
        self, plan: Plan, config: Configuration, settings: MergeOptions, slots: Slots
    ) -> dict[str, torch.Tensor]:
        """Merge a recipe of the plan's shape.

        Args:
            plan: The plan.
            config: The recipe's configuration, not normalized.
            settings: mergekit's options: seed, threads.
            slots: Where tensors go, by name, if they have the right shape and dtype.

        Raises:
            TrialError: The merge failed, by name.
        """
        with named_failures(Failure.INVALID_RECIPE):
            values = plan.bind(config)
        served = [
            step.inputs is not None and serves(config.merge_method, step.inputs, own)
            for step, own in zip(plan.steps, values, strict=True)
        ]
        if traits(config.merge_method).draws and not all(served):
            served = [False] * len(served)  # all tensors draw from one stream of numbers
        draws = Draws(self.kept, settings.random_seed)
        tensors: dict[str, torch.Tensor] = {}
        with (
            named_failures(Failure.MERGE_FAILED),
            threads(settings.num_threads),
            seeded(settings.random_seed),
            torch.no_grad(),
        ):
            for step, own, fast in zip(plan.steps, values, served, strict=True):
                slot = slots.get(step.save.tensor_name)
                tensor = self._fast(step, own, draws, slot) if fast else self._slow(step, own)
                if tensor is not None:
                    put = _put(tensor, slot)
                    tensors[step.save.tensor_name] = put if put is slot else put.to(self._built_on)
        return tensors

    def _fast(
        self, step: Step, values: Values, draws: Draws, slot: torch.Tensor | None
    ) -> torch.Tensor:
        assert step.inputs is not None
        like = step.inputs.tensors[0]
        out = slot if slot is not None and _takes(slot, like) else torch.empty_like(like)
        if not self._arithmetic.merge(step.merge.method_name, step.inputs, values, draws, out):
            name = step.save.tensor_name
            raise TrialError(Failure.NAN_WEIGHTS, f"merged {name} holds NaN or infinity")
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

    def _inputs(self, task: ExecuteMergeMethodTask) -> Inputs | None:
        if self._device != "cpu":
            return None
        loads = {load.model: load for load in task.gather_tensors.arguments().values()}
        found = [self._resident(loads[model]) for model in task.model_order]
        tensors = tuple(tensor for tensor in found if tensor is not None)
        alike = {(tensor.shape, tensor.dtype) for tensor in tensors}
        if len(tensors) < len(found) or len(alike) != 1:
            return None
        base = task.base_model
        names = tuple(_name(loads[model]) for model in task.model_order)
        return Inputs(names, tensors, task.model_order.index(base) if base else None)

    def _resident(self, load: LoadTensor) -> torch.Tensor | None:
        """Return a parent's tensor if kernels can read it where it lies, or in a kept copy."""
        tensor: torch.Tensor | None = load.execute()
        if tensor is None or tensor.dtype not in DTYPES or not tensor.is_contiguous():
            return None
        key = (_name(load), tensor.dtype)
        if key not in self._finite:
            self._finite[key] = bool(tensor.isfinite().all())
        if not self._finite[key] or tensor.data_ptr() % tensor.itemsize:
            return None
        loader = LoaderCache().get(load.model)
        name = load._resolve_name(loader)
        if name is not None and loader.get_tensor(name).data_ptr() == tensor.data_ptr():
            return tensor
        own = self.kept.get(("converted", *key), lambda: flat(tensor))
        return shaped(own, tensor) if ("converted", *key) in self.kept else None


def _name(load: LoadTensor) -> str:
    return f"{load.model}:{load.tensor}"


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
