"""Run one merge through mergekit's own plan and executor, with a writer of our choice."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from mergekit.architecture import ModelArchitecture, get_architecture_info
from mergekit.common import set_config_value
from mergekit.graph import Executor
from mergekit.io.tasks import FinalizeModel, LoaderCache, SaveTensor, TensorWriterTask
from mergekit.merge import _model_out_config, _update_config_vocab
from mergekit.options import MergeOptions
from mergekit.tokenizer import TokenizerInfo
from safetensors import SafetensorError

from evomerge.errors import Failure, TrialError, is_out_of_memory
from evomerge.merge.mergekit.configuration import Configuration, layer_lists, sliced_depth
from evomerge.merge.mergekit.planner import Planner, Site

Tokenizer = transformers.PreTrainedTokenizerBase


@dataclass(frozen=True)
class Prepared:
    """A merge that is planned.

    Args:
        arch: The architecture as mergekit knows it.
        tasks: mergekit's plan.
        sites: Output tensor → where its parameters stand.
        out: The output model's config, as mergekit makes it.
        lists: The config's per-layer lists.
    """

    arch: ModelArchitecture
    tasks: Sequence[Any]
    sites: Mapping[str, Site]
    out: transformers.PretrainedConfig
    lists: Mapping[str, list[Any]]

    @property
    def config(self) -> transformers.PretrainedConfig:
        """The output model's config, as it would come back from its file."""
        values = json.loads(self.out.to_json_string(use_diff=False)) | self.lists
        saved: transformers.PretrainedConfig = type(self.out).from_dict(values)
        return saved


@dataclass(frozen=True)
class Executed:
    """What a run leaves beside the tensors.

    Args:
        arch: The architecture as mergekit knows it.
        config: The output model's config, as it would come back from its file.
        tokenizer: The tokenizer that the merge built, or None if the donor's is to be copied.
    """

    arch: ModelArchitecture
    config: transformers.PretrainedConfig
    tokenizer: Tokenizer | None


def prepare(config: Configuration, settings: MergeOptions) -> Prepared:
    """Do what mergekit's `run_merge` does before it touches a tensor.

    The graph has the shape of mergekit's graph to disk, so that random methods draw for
    the tensors in the same order.

    Args:
        config: The merge; normalized in place by mergekit's plan.
        settings: mergekit's options.

    Raises:
        TrialError: The recipe cannot be planned, by name.
    """
    with named_failures(Failure.INVALID_RECIPE):
        arch = get_architecture_info(config, settings)
        LoaderCache().setup(options=settings)
        out = _model_out_config(config, arch)
        lists, depth = layer_lists(config, arch), sliced_depth(config, arch)
        if depth is not None:
            set_config_value(out, "num_hidden_layers", depth)
        planner = Planner(config, arch, settings, out)
        return Prepared(arch, planner.plan_to_disk(out_path=""), planner.sites, out, lists)


def execute(config: Configuration, settings: MergeOptions, writer: TensorWriterTask) -> Executed:
    """Do what mergekit's `run_merge` does, in its order, up to saving config and tokenizer.

    Args:
        config: The merge; normalized in place by mergekit's plan.
        settings: mergekit's options; the seed is the caller's business.
        writer: Its `execute` gives what takes the tensors: `save_tensor`, `finalize`.

    Raises:
        TrialError: The merge failed, by name.
    """
    prepared = prepare(config, settings)
    with named_failures(Failure.MERGE_FAILED):
        with threads(settings.num_threads):
            tokenizer = _run(prepared.tasks, writer, settings.device)
        if tokenizer is not None:
            multiple = config.tokenizer.pad_to_multiple_of if config.tokenizer else None
            _update_config_vocab(
                prepared.out, prepared.arch, tokenizer, pad_to_multiple_of=multiple
            )
        return Executed(prepared.arch, prepared.config, tokenizer)


def _run(tasks: Sequence[Any], writer: TensorWriterTask, device: str) -> Tokenizer | None:
    saves = [
        task.model_copy(update={"writer_task": writer})
        for task in tasks
        if isinstance(task, SaveTensor)
    ]
    finalize = FinalizeModel(tensor_save_tasks=tuple(saves), writer_task=writer)
    others = [task for task in tasks if not isinstance(task, SaveTensor | FinalizeModel)]
    at = torch.device(device)
    executor = Executor([*saves, finalize, *others], math_device=at, storage_device=at)
    tokenizer = None
    for _, value in executor.run(quiet=True):
        if isinstance(value, TokenizerInfo):
            tokenizer = value.tokenizer
    return tokenizer


def check_finite(name: str, tensor: torch.Tensor) -> None:
    """Refuse a merged tensor that holds NaN or infinity.

    Raises:
        TrialError: It does (`NAN_WEIGHTS`).
    """
    if tensor.numel() and tensor.is_floating_point():
        low, high = torch.aminmax(tensor)
        if not (torch.isfinite(low) and torch.isfinite(high)):
            raise TrialError(Failure.NAN_WEIGHTS, f"merged {name} holds NaN or infinity")


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Let torch use this many CPU threads within the block; None changes nothing."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def named_failures(otherwise: Failure) -> Iterator[None]:
    """Turn what mergekit raises into a `TrialError` with the failure's name."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:  # the machine's, for the caller to judge
            raise
        raise TrialError(otherwise, f"mergekit: {error}") from error
    except (
        MemoryError,
        RuntimeError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        SafetensorError,
        StrictDataclassError,
    ) as error:
        raise TrialError(_name(error, otherwise), f"mergekit: {error}") from error


def _name(error: Exception, otherwise: Failure) -> Failure:
    if is_out_of_memory(error):
        return Failure.OUT_OF_MEMORY
    lowered = str(error).lower()
    if any(hint in lowered for hint in ("size mismatch", "tensor size", "must match the size")):
        return Failure.SHAPE_MISMATCH
    return otherwise
