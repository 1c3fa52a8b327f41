"""Live models: merged weights are put into models that are there already."""

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
import transformers

from evomerge.errors import Failure, TrialError, is_out_of_memory
from evomerge.merge.build import build, spread
from evomerge.merge.weights import Weights

_Key = tuple[str, tuple[tuple[str, torch.dtype, torch.Size], ...]]


class Slots(Mapping[str, torch.Tensor]):
    """The tensors of a live model, by name, for a merge to write into.

    Attributes:
        taken: Whether any was asked for: the model then holds parts of two merges.
    """

    def __init__(self, tensors: Mapping[str, torch.Tensor]) -> None:
        self._tensors, self.taken = tensors, False

    def __getitem__(self, name: str) -> torch.Tensor:
        tensor = self._tensors[name]
        self.taken = True
        return tensor

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


class LiveModels:
    """Causal LMs that take the weights of one merge after the other.

    A model equals `AutoModelForCausalLM.from_pretrained(folder, dtype="auto")` of the folder that
    mergekit would write. A merge of another depth or config gets a model of its own; the last
    `most` of them stay. A model is given out only after each of its tensors was written anew; one
    into which a merge wrote before it failed is dropped. Not thread-safe.

    Args:
        device: Where models live.
        most: Models that stay, ≥ 1; memory grows with it.
        gpus: GPUs over which a model is spread, ≥ 1, layer by layer; for `cuda` only.
    """

    def __init__(self, device: str = "cpu", most: int = 2, gpus: int = 1) -> None:
        self._device, self._most, self._gpus = device, most, gpus
        self._models: OrderedDict[_Key, transformers.PreTrainedModel] = OrderedDict()
        self._by_form: dict[str, _Key] = {}

    def __len__(self) -> int:
        return len(self._models)

    @contextmanager
    def slots(self, form: str) -> Iterator[Slots]:
        """Give the tensors into which a merge of a form can be written straight away.

        The block ends with `place`. Where it fails after a slot was taken, the model is dropped.

        Args:
            form: A recipe's form; one that was not placed yet has no slots.
        """
        key = self._by_form.get(form)
        slots = Slots(self._models[key].state_dict() if key is not None else {})
        try:
            yield slots
        except BaseException:
            if key is not None and slots.taken:
                self._drop(key)
            raise

    @torch.no_grad()
    def place(self, weights: Weights) -> transformers.PreTrainedModel:
        """Put merged weights into a model of their config and return it, in eval mode.

        The model stays valid until the next merge; the same object is given back for merges
        whose config and tensors are alike.

        Args:
            weights: The weights; those that stand in their slots already are not copied. The
                next merge of their form is given slots.

        Raises:
            TrialError: `SHAPE_MISMATCH` if the tensors are not those of the config's model,
                `OUT_OF_MEMORY`.
        """
        key = _key(weights)
        model = self._models.get(key)
        try:
            if model is None:
                model = self._build(key, weights)
            elif _fill(model, weights.tensors):
                if weights.form is not None:
                    self._by_form[weights.form] = key
            else:
                fresh = build(weights)
                for name, value in fresh.state_dict(keep_vars=True).items():
                    model.state_dict(keep_vars=True)[name].copy_(value)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self._models.clear()
            self._by_form.clear()
            raise TrialError(Failure.OUT_OF_MEMORY, str(error) or "out of memory") from error
        if model.can_generate():
            model.generation_config = weights.generation or (
                transformers.GenerationConfig.from_model_config(weights.config)
            )
        self._models.move_to_end(key)
        return model

    def parameter_names(self) -> dict[str, str]:
        """Return how the model that was placed last names its parameters.

        Returns:
            Name of a merged tensor → name in `named_parameters()`, where tied ones have one; no
            buffers.

        Raises:
            TrialError: Its parameters are not the merged tensors one to one (`NO_GRADIENT`).
        """
        (_, tensors), model = next(reversed(self._models.items()))
        slots = _slots(model, {name: shape for name, _, shape in tensors})
        if slots is None:
            reason = "transformers makes other parameters of the merged tensors"
            raise TrialError(Failure.NO_GRADIENT, reason)
        names = {parameter.data_ptr(): name for name, parameter in model.named_parameters()}
        places = {name: slot.data_ptr() for name, slot in slots.items()}
        return {name: names[place] for name, place in places.items() if place in names}

    def _build(self, key: _Key, weights: Weights) -> transformers.PreTrainedModel:
        while len(self._models) >= self._most:
            self._drop(next(iter(self._models)))
        built: Any = build(weights)
        model = spread(built, self._gpus) if self._gpus > 1 else built.to(self._device)
        self._models[key] = model
        return model

    def _drop(self, key: _Key) -> None:
        self._models.pop(key, None)
        self._by_form = {form: known for form, known in self._by_form.items() if known != key}


def _key(weights: Weights) -> _Key:
    named = {k: v for k, v in weights.config.to_dict().items() if k != "_name_or_path"}
    config = json.dumps(named, sort_keys=True, default=str)
    shapes = sorted((name, t.dtype, t.shape) for name, t in weights.tensors.items())
    return config, tuple(shapes)


def _slots(
    model: transformers.PreTrainedModel, shapes: Mapping[str, torch.Size]
) -> dict[str, torch.Tensor] | None:
    """Return the model's own tensors that merged ones go into; None if names do not match.

    Names match when each stored tensor of the model, tied ones counted once, is given by
    exactly one checkpoint tensor.
    """
    slots = model.state_dict(keep_vars=True)
    if not shapes.keys() <= slots.keys():
        return None
    given = [slots[name].data_ptr() for name in shapes]
    if len(set(given)) < len(given) or set(given) != {slot.data_ptr() for slot in slots.values()}:
        return None
    if any(slots[name].shape != shape for name, shape in shapes.items()):
        return None
    return {name: slots[name] for name in shapes}


def _fill(model: transformers.PreTrainedModel, tensors: Mapping[str, torch.Tensor]) -> bool:
    """Copy tensors into the model in place; False, and nothing done, if names do not match."""
    slots = _slots(model, {name: tensor.shape for name, tensor in tensors.items()})
    if slots is None:
        return False
    for name, tensor in tensors.items():
        if slots[name].data_ptr() != tensor.data_ptr():
            slots[name].copy_(tensor)
    return True
