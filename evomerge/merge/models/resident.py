"""Keep parents resident: mapped once, then read from memory by every merge of this process."""

from collections.abc import Iterable
from pathlib import Path

import torch
from mergekit.common import ModelReference
from mergekit.io.lazy_tensor_loader import LazyTensorLoader
from safetensors import SafetensorError

from evomerge.errors import EvomergeError, Failure, TrialError, is_out_of_memory
from evomerge.merge.mergekit.private import loaders
from evomerge.merge.models.adapters import merged_adapter
from evomerge.merge.models.locations import Located, find


class Resident:
    """A tensor loader for mergekit whose tensors stay where merges read them fastest.

    For a CPU, safetensors files are mapped and not read. For a GPU, tensors lie in its memory
    as long as they leave half of what is free there, and in pinned memory of the host else.

    Args:
        folder: The full model, or the model with its adapter merged in.
        fingerprint: Of the files it came from.
        device: Where merges run.
    """

    def __init__(self, folder: Path, fingerprint: str, device: str = "cpu") -> None:
        self.fingerprint = fingerprint
        loader = LazyTensorLoader.from_disk(str(folder), lazy_unpickle=False)
        self.index = loader.index
        shards = self.index.tensor_paths
        self._tensors: dict[str, torch.Tensor] = {
            name: loader.get_tensor(name)
            for name in sorted(shards, key=lambda name: (shards[name], name))
        }
        if device != "cpu":
            self._tensors = _brought_near(self._tensors, device)

    def get_tensor(
        self,
        key: str,
        device: str = "cpu",
        aliases: Iterable[str] | None = None,
        raise_on_missing: bool = True,
    ) -> torch.Tensor | None:
        """Return a tensor where it lies; do not write to it. mergekit moves it if need be."""
        for name in (key, *(aliases or ())):
            if name in self._tensors:
                return self._tensors[name]
        if raise_on_missing:
            raise KeyError(key)
        return None

    def flush(self) -> None:
        """Keep everything; mergekit calls this to free memory."""


_MODELS = 3
"""Models for which a GPU keeps room beside the parents: a live one, another, a merge."""


def _brought_near(tensors: dict[str, torch.Tensor], device: str) -> dict[str, torch.Tensor]:
    free, _ = torch.cuda.mem_get_info(device)
    if (1 + _MODELS) * sum(tensor.nbytes for tensor in tensors.values()) <= free:
        return {name: tensor.to(device) for name, tensor in tensors.items()}
    return {name: tensor.pin_memory() for name, tensor in tensors.items()}


class Parents:
    """The parents of one search. Not thread-safe; mergekit's cache of loaders is global.

    Args:
        lora_cache: Folder for models with their adapter merged in; made when needed.
        device: Where merges run.
    """

    def __init__(self, lora_cache: str | Path, device: str = "cpu") -> None:
        self.lora_cache, self._device = Path(lora_cache), device
        self._found: dict[str, Located] = {}

    def reference(self, location: str) -> str:
        """Return what mergekit opens without a network: folders in the place of hub ids.

        Raises:
            InputError: There is no such model.
        """
        if location not in self._found:
            self._found[location] = find(location)
        return self._found[location].reference

    def merge_adapters(self, locations: Iterable[str]) -> None:
        """Merge every adapter among the locations into the cache, unless that is done.

        Raises:
            InputError: An adapter does not fit its model, or a file is broken.
            PlatformError: The cache cannot be written.
        """
        for location in locations:
            self.reference(location)
            if self._found[location].adapter is not None:
                merged_adapter(self._found[location], self.lora_cache)

    def hold(self, locations: Iterable[str]) -> dict[str, str]:
        """Have these parents in memory, reading again what changed on disk since.

        Returns:
            Location → fingerprint of the files it was read from.

        Raises:
            TrialError: A parent cannot be read.
        """
        held = {}
        for location in locations:
            try:
                held[location] = self._hold(location)
            except (OSError, SafetensorError, RuntimeError, ValueError, KeyError) as error:
                short = is_out_of_memory(error)
                failure = Failure.OUT_OF_MEMORY if short else Failure.MERGE_FAILED
                raise TrialError(failure, f"cannot read {location}: {error}") from error
            except EvomergeError as error:
                raise TrialError(Failure.MERGE_FAILED, str(error)) from error
        return held

    def _hold(self, location: str) -> str:
        key = ModelReference.model_validate(self.reference(location))
        located = self._found[location]
        held, fingerprint = loaders(), located.fingerprint()
        if getattr(held.get(key), "fingerprint", None) == fingerprint:
            return fingerprint
        folder = merged_adapter(located, self.lora_cache) if located.adapter else located.model
        held[key] = Resident(folder, fingerprint, self._device)
        return fingerprint
