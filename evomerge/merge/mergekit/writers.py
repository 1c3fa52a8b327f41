"""What takes mergekit's tensors: memory, or a folder; broken ones are refused by both."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import torch
from mergekit.io.tasks import TensorWriterTask
from mergekit.io.tensor_writer import TensorWriter
from mergekit.options import MergeOptions
from pydantic import ConfigDict

from evomerge.merge.mergekit.failures import check_finite


class Writer(Protocol):
    """What mergekit hands its tensors to."""

    def save_tensor(self, name: str, tensor: torch.Tensor, clone: bool = False) -> None:
        """Take one tensor."""

    def finalize(self) -> None:
        """Know that there are no more."""


class MemoryWriter:
    """Keeps every tensor that mergekit would write. Attributes: `tensors`, by checkpoint name."""

    def __init__(self, device: str = "cpu") -> None:
        self._device = device
        self.tensors: dict[str, torch.Tensor] = {}

    def save_tensor(self, name: str, tensor: torch.Tensor, clone: bool = False) -> None:
        """Keep one tensor.

        Raises:
            TrialError: It holds NaN or infinity (`NAN_WEIGHTS`).
        """
        check_finite(name, tensor)
        self.tensors[name] = tensor.to(self._device)

    def finalize(self) -> None:
        """Nothing is left to write."""


class FolderWriter(TensorWriter):  # type: ignore[misc]
    """mergekit's own writer of shards, which refuses NaN and infinity."""

    def save_tensor(self, name: str, tensor: torch.Tensor, clone: bool = False) -> None:
        """Write one tensor.

        Raises:
            TrialError: It holds NaN or infinity (`NAN_WEIGHTS`).
        """
        check_finite(name, tensor)
        super().save_tensor(name, tensor, clone)


def folder_writer(folder: Path) -> FolderWriter:
    """Return the writer of a model folder, with shards of mergekit's default size."""
    size = MergeOptions.model_fields["out_shard_size"].default
    return FolderWriter(str(folder), max_shard_size=size)


class WriterTask(TensorWriterTask):  # type: ignore[misc]
    """The place in mergekit's plan where a writer is made; it makes ours."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    make: Callable[[], Any]

    def execute(self, **_: object) -> Any:
        """Return the writer."""
        return self.make()


def writing_to(make: Callable[[], Writer]) -> WriterTask:
    """Return the task that makes a writer.

    Args:
        make: Called once, when the first tensor is to be written.
    """
    return WriterTask(out_path="", max_shard_size=-1, make=make)
