"""How large the weights of a search are, from the sizes of its parents' files."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evomerge.evaluate.packing.activations import activation_bytes
from evomerge.recipe.reference import Reference

_WIDTHS = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}


@dataclass(frozen=True)
class Footprint:
    """Bytes of the weights of a search.

    Args:
        mapped: Parents in safetensors files: mapped, so that the workers of a machine share
            them, and the system may drop them and read them again.
        pickled: Parents in other files, which every worker reads for itself.
        merge: The live model and the merge that is put into it, of the largest parent's size
            in the widest dtype. Stacks and mixtures of experts take more.
        token: Logits of one token, as the model gives them and as float32 probabilities.
        kept: What a backward pass keeps of one token, beside its logits.
        again: The same where each layer's inside is computed again.
        widest: The gradient of the largest tensor: the embeddings'.
        unknown: Models whose files are not here.
    """

    mapped: int
    pickled: int
    merge: int
    token: int
    kept: int
    again: int
    widest: int
    unknown: tuple[str, ...]

    @property
    def parents(self) -> int:
        """Bytes of all parents."""
        return self.mapped + self.pickled

    @property
    def total(self) -> int:
        """Bytes of all weights, in one worker."""
        return self.parents + self.merge


def footprint(locations: Iterable[str], dtypes: Iterable[str] = ()) -> Footprint:
    """Return the footprint of these parents, without opening any of their weights.

    Args:
        locations: Folders, `folder+adapter` (as large as its model once merged), or hub ids.
        dtypes: What merges are written in; that of their parents where none is given.
    """
    widths = [_WIDTHS[dtype] for dtype in dtypes if dtype in _WIDTHS]
    mapped = pickled = largest = token = kept = again = widest = 0
    unknown = []
    for location in locations:
        folder = Reference.parse(location).folder
        safe = sum(file.stat().st_size for file in folder.glob("model*.safetensors"))
        safe = safe or sum(file.stat().st_size for file in folder.glob("*.safetensors"))
        size = safe or sum(file.stat().st_size for file in folder.glob("*.bin"))
        if not size:
            unknown.append(location)
            continue
        mapped, pickled = mapped + safe, pickled + (0 if safe else size)
        config = _config(folder)
        stored = _WIDTHS.get(str(config.get("dtype") or config.get("torch_dtype")), 4)
        width = max(widths, default=stored)
        largest = max(largest, size * width // stored)
        vocabulary = config.get("vocab_size") or 0
        token = max(token, vocabulary * (width + 4))
        hidden = config.get("hidden_size") or config.get("n_embd") or 0
        inner = config.get("intermediate_size") or 4 * hidden
        layers = config.get("num_hidden_layers") or config.get("n_layer") or 0
        sizes: dict[str, Any] = {"layers": layers, "hidden": hidden, "inner": inner}
        sizes["itemsize"] = width
        kept = max(kept, activation_bytes(1, **sizes))
        again = max(again, activation_bytes(1, **sizes, again=True))
        widest = max(widest, vocabulary * hidden * width)
    return Footprint(
        mapped, pickled, 2 * largest, token, kept, again, widest, unknown=tuple(unknown)
    )


def _config(folder: Path) -> Mapping[str, Any]:
    """Return a model's text configuration; empty where it cannot be read."""
    try:
        read = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return {**read, **read.get("text_config", {})}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
