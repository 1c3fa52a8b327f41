"""The weights of one merge, as they would stand in its folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file


@dataclass(frozen=True)
class Weights:
    """The weights of one merge. Tensors may be the parents' own: do not write to them.

    Args:
        tensors: Checkpoint name → tensor, as mergekit would write them.
        config: The output model's config.
        generation: The generation config that goes with the model, or None.
        form: The recipe's form if its merges can be written into a live model's own tensors.
    """

    tensors: Mapping[str, torch.Tensor]
    config: transformers.PretrainedConfig
    generation: transformers.GenerationConfig | None = None
    form: str | None = None


def read_weights(folder: Path, device: str = "cpu") -> Weights:
    """Read the weights of a merged model's folder."""
    tensors: dict[str, torch.Tensor] = {}
    for shard in sorted(folder.glob("*.safetensors")):
        tensors |= load_file(shard, device=device)
    config = transformers.AutoConfig.from_pretrained(folder)
    return Weights(tensors, config, read_generation(folder))


def read_generation(folder: Path) -> transformers.GenerationConfig | None:
    """Return the generation config in a model's folder, or None."""
    if not (folder / "generation_config.json").exists():
        return None
    return transformers.GenerationConfig.from_pretrained(folder)
