"""Run one merge through mergekit's own plan and executor, with a writer of our choice."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from mergekit.architecture import ModelArchitecture, get_architecture_info
from mergekit.common import set_config_value
from mergekit.graph import Executor
from mergekit.io.tasks import FinalizeModel, LoaderCache, SaveTensor
from mergekit.options import MergeOptions
from mergekit.tokenizer import TokenizerInfo

from evomerge.errors import Failure
from evomerge.merge.mergekit.configuration import Configuration, layer_lists, sliced_depth
from evomerge.merge.mergekit.failures import named_failures
from evomerge.merge.mergekit.private import model_out_config, update_config_vocab
from evomerge.merge.mergekit.process import threads
from evomerge.merge.mergekit.sites import Planner, Site
from evomerge.merge.mergekit.writers import WriterTask

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

    The graph is the one with which mergekit writes to disk, so that random methods draw for
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
        out = model_out_config(config, arch)
        lists, depth = layer_lists(config, arch), sliced_depth(config, arch)
        if depth is not None:
            set_config_value(out, "num_hidden_layers", depth)
        planner = Planner(config, arch, settings, out)
        return Prepared(arch, planner.plan_to_disk(out_path=""), planner.sites, out, lists)


def execute(config: Configuration, settings: MergeOptions, writer: WriterTask) -> Executed:
    """Do what mergekit's `run_merge` does, in its order, up to saving config and tokenizer.

    Args:
        config: The merge; normalized in place by mergekit's plan.
        settings: mergekit's options; the seed is the caller's business.
        writer: Makes what takes the tensors.

    Raises:
        TrialError: The merge failed, by name.
    """
    prepared = prepare(config, settings)
    with named_failures(Failure.MERGE_FAILED):
        with threads(settings.num_threads):
            tokenizer = _run(prepared.tasks, writer, settings.device)
        if tokenizer is not None:
            multiple = config.tokenizer.pad_to_multiple_of if config.tokenizer else None
            update_config_vocab(prepared.out, prepared.arch, tokenizer, pad_to_multiple_of=multiple)
        return Executed(prepared.arch, prepared.config, tokenizer)


def _run(tasks: Sequence[Any], writer: WriterTask, device: str) -> Tokenizer | None:
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
