"""The live model: merged weights are put into a model that is already there."""

import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
import transformers
from accelerate import dispatch_model, infer_auto_device_map
from accelerate.utils import get_balanced_memory

from evomerge.errors import Failure, TrialError, is_out_of_memory
from evomerge.merge.mergekit.seeding import kept_rng
from evomerge.merge.merger import Merged

_Key = tuple[str, tuple[tuple[str, torch.dtype, torch.Size], ...]]


class LiveModel:
    """A causal LM that takes the weights of one merge after the other.

    The model it gives equals `AutoModelForCausalLM.from_pretrained(folder, dtype="auto")` of
    the folder that mergekit would write. A merge of another depth or config gets a model of
    its own; the last `keep` of them are kept. Not thread-safe.

    Args:
        device: Where the model lives.
        keep: Models kept, ≥ 1; memory grows with it.
        gpus: GPUs over which the model is spread, ≥ 1, layer by layer; for `cuda` only.
    """

    def __init__(self, device: str = "cpu", keep: int = 2, gpus: int = 1) -> None:
        self._device, self._keep, self._gpus = device, keep, gpus
        self._models: OrderedDict[_Key, transformers.PreTrainedModel] = OrderedDict()
        self._shapes: dict[str, _Key] = {}

    def slots(self, shape: str) -> Mapping[str, torch.Tensor]:
        """Return the tensors into which the merges of a shape can be written straight away.

        What is written there shows in the model at once: `place` must follow.

        Args:
            shape: A merge's `shape`; empty for a shape that has not been placed yet.
        """
        model = self._models.get(self._shapes[shape]) if shape in self._shapes else None
        return model.state_dict() if model is not None else {}

    @torch.no_grad()
    def place(self, merged: Merged) -> transformers.PreTrainedModel:
        """Put merged weights into a model of their shape and return it, in eval mode.

        The model stays valid until the next call; the same object is given back for
        merges of the same shape.

        Raises:
            TrialError: `SHAPE_MISMATCH` if the tensors are not those of the config's model,
                `OUT_OF_MEMORY`.
        """
        key = _key(merged)
        model = self._models.get(key)
        try:
            if model is None:
                model = self._build(key, merged)
            elif _fill(model, merged.tensors):
                if merged.shape:
                    self._shapes[merged.shape] = key
            else:
                fresh = _load(merged)
                for name, value in fresh.state_dict(keep_vars=True).items():
                    model.state_dict(keep_vars=True)[name].copy_(value)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self._models.clear()
            raise TrialError(Failure.OUT_OF_MEMORY, str(error) or "out of memory") from error
        if model.can_generate():
            model.generation_config = _generation_config(merged)
        self._models.move_to_end(key)
        return model

    def _build(self, key: _Key, merged: Merged) -> transformers.PreTrainedModel:
        while len(self._models) >= self._keep:
            self._models.popitem(last=False)
        loaded: Any = _load(merged)
        model = _spread(loaded, self._gpus) if self._gpus > 1 else loaded.to(self._device)
        self._models[key] = model
        return model


def _key(merged: Merged) -> _Key:
    named = {k: v for k, v in merged.config.to_dict().items() if k != "_name_or_path"}
    config = json.dumps(named, sort_keys=True, default=str)
    shapes = sorted((name, t.dtype, t.shape) for name, t in merged.tensors.items())
    return config, tuple(shapes)


def _generation_config(merged: Merged) -> transformers.GenerationConfig:
    if merged.generation is None:
        return transformers.GenerationConfig.from_model_config(merged.config)
    if isinstance(merged.generation, transformers.GenerationConfig):
        return merged.generation
    return transformers.GenerationConfig.from_pretrained(merged.generation)


def _load(merged: Merged) -> transformers.PreTrainedModel:
    """Build a model through transformers' own loader: renamed keys, ties, dtypes, buffers."""
    auto: Any = transformers.MODEL_FOR_CAUSAL_LM_MAPPING
    if type(merged.config) not in auto:
        name = type(merged.config).__name__
        raise TrialError(Failure.SHAPE_MISMATCH, f"transformers has no causal LM for {name}")
    state = {name: tensor.to("cpu", copy=True) for name, tensor in merged.tensors.items()}
    try:
        with kept_rng():
            model, info = auto[type(merged.config)].from_pretrained(
                None,
                config=merged.config,
                state_dict=state,
                dtype="auto",
                output_loading_info=True,
            )
    except (RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        if is_out_of_memory(error):
            raise
        reason = f"transformers cannot build the merged model: {error}"
        raise TrialError(Failure.SHAPE_MISMATCH, reason) from error
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if names := sorted(map(str, info[kind])):
            listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
            raise TrialError(Failure.SHAPE_MISMATCH, f"{kind.replace('_', ' ')}: {listed}")
    loaded: transformers.PreTrainedModel = model.eval()
    return loaded


def _spread(model: transformers.PreTrainedModel, gpus: int) -> transformers.PreTrainedModel:
    """Put the layers of a model on several GPUs; never on a CPU or a disk, to be refilled there."""
    whole = {"no_split_module_classes": model._no_split_modules}
    free = {index: torch.cuda.mem_get_info(index)[0] for index in range(gpus)}
    limits = get_balanced_memory(model, free, **whole)
    places = infer_auto_device_map(model, max_memory=limits, **whole)
    if not all(isinstance(place, int) for place in places.values()):
        raise torch.OutOfMemoryError(f"the model does not fit into {gpus} GPUs")
    spread: transformers.PreTrainedModel = dispatch_model(model, device_map=places)
    return spread


def _fill(model: transformers.PreTrainedModel, tensors: Mapping[str, torch.Tensor]) -> bool:
    """Copy tensors into the model in place; False, and nothing done, if names do not match.

    Names match when each stored tensor of the model, tied ones counted once, is given by
    exactly one checkpoint tensor.
    """
    slots = model.state_dict(keep_vars=True)
    if not tensors.keys() <= slots.keys():
        return False
    given = [slots[name].data_ptr() for name in tensors]
    if len(set(given)) < len(given) or set(given) != {slot.data_ptr() for slot in slots.values()}:
        return False
    if any(slots[name].shape != tensor.shape for name, tensor in tensors.items()):
        return False
    for name, tensor in tensors.items():
        if slots[name].data_ptr() != tensor.data_ptr():
            slots[name].copy_(tensor)
    return True
