"""Build a model of merged weights: the one that transformers would load from their folder."""

from typing import Any

import torch
import transformers
from accelerate import dispatch_model, infer_auto_device_map
from accelerate.utils import get_balanced_memory

from evomerge.errors import Failure, TrialError, is_out_of_memory
from evomerge.merge.mergekit.process import kept_rng
from evomerge.merge.weights import Weights


def build(weights: Weights) -> transformers.PreTrainedModel:
    """Build a model through transformers' own loader: renamed keys, ties, dtypes, buffers.

    Returns:
        The model, on the CPU, in eval mode, with memory of its own.

    Raises:
        TrialError: `SHAPE_MISMATCH` if the tensors are not those of the config's model.
        RuntimeError: Out of memory.
    """
    auto: Any = transformers.MODEL_FOR_CAUSAL_LM_MAPPING
    if type(weights.config) not in auto:
        name = type(weights.config).__name__
        raise TrialError(Failure.SHAPE_MISMATCH, f"transformers has no causal LM for {name}")
    state = {name: tensor.to("cpu", copy=True) for name, tensor in weights.tensors.items()}
    try:
        with kept_rng():
            model, info = auto[type(weights.config)].from_pretrained(
                None,
                config=weights.config,
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
    built: transformers.PreTrainedModel = model.eval()
    return built


def spread(model: transformers.PreTrainedModel, gpus: int) -> transformers.PreTrainedModel:
    """Put the layers of a model on several GPUs; never on a CPU or a disk, to be refilled there.

    Raises:
        OutOfMemoryError: It does not fit into them.
    """
    whole = {"no_split_module_classes": model._no_split_modules}
    free = {index: torch.cuda.mem_get_info(index)[0] for index in range(gpus)}
    limits = get_balanced_memory(model, free, **whole)
    places = infer_auto_device_map(model, max_memory=limits, **whole)
    if not all(isinstance(place, int) for place in places.values()):
        raise torch.OutOfMemoryError(f"the model does not fit into {gpus} GPUs")
    placed: transformers.PreTrainedModel = dispatch_model(model, device_map=places)
    return placed
