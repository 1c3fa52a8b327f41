"""What one parent's files say of it, and whether they are whole."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evomerge.errors import InputError, attempt, raise_together
from evomerge.merge.models.headers import TensorHeaders, read_headers, read_json
from evomerge.merge.models.locations import Located, find
from evomerge.merge.models.needed import check_whole, needed_weights

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")


@dataclass(frozen=True)
class Metadata:
    """What a parent's files say of it.

    Args:
        reference: As the space writes it.
        files: Its folders.
        architecture: Such as `LlamaForCausalLM`.
        layers: Number of layers, or None where the config does not say.
        vocab_size: Rows of the embedding as the config says, or None.
        parameters: Number of weights; 0 where only pickles are there.
        dtype: The most common dtype as safetensors writes it; empty for pickles.
        config: transformers' config.
        weights: Names and shapes of the full model's tensors.
    """

    reference: str
    files: Located
    architecture: str
    layers: int | None
    vocab_size: int | None
    parameters: int
    dtype: str
    config: Any = field(repr=False, compare=False)
    weights: TensorHeaders = field(repr=False, compare=False)


def read_metadata(reference: str, location: str) -> Metadata:
    """Read config, headers of weights, and names of files; no weight is loaded.

    Args:
        reference: As the space writes it.
        location: Folder, hub id, or `X+adapter`.

    Raises:
        InputError: Everything that is wrong with this parent, at once.
    """
    files = find(location)
    found: list[InputError] = []
    config = attempt(lambda: _config(files.model), found)
    weights = attempt(lambda: read_headers(files.model), found)
    attempt(lambda: _check_tokenizer(files.model), found)
    if config is not None and weights is not None:
        attempt(lambda: check_whole(files.model, config, weights), found)
    if files.adapter is not None:
        adapter = files.adapter
        attempt(lambda: _check_adapter(adapter, config, weights), found)
    raise_together(found)
    assert config is not None and weights is not None
    text = config.get_text_config()
    dtypes = list(weights.dtypes.values())
    return Metadata(
        reference=reference,
        files=files,
        architecture=config.architectures[0],
        layers=getattr(text, "num_hidden_layers", None),
        vocab_size=getattr(text, "vocab_size", None),
        parameters=sum(math.prod(shape) for shape in weights.shapes.values()),
        dtype=max(set(dtypes), key=dtypes.count) if dtypes else "",
        config=config,
        weights=weights,
    )


def _config(folder: Path) -> Any:
    from huggingface_hub.errors import StrictDataclassError
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    file = folder / "config.json"
    if not file.exists():
        hint = "this is an adapter: write MODEL+ADAPTER" if _is_adapter(folder) else ""
        raise InputError("no config.json in the folder", where=str(folder), help=hint)
    read_json(file)
    try:
        config = AutoConfig.from_pretrained(folder)
    except (OSError, ValueError, TypeError, KeyError, StrictDataclassError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"transformers cannot read it: {reason}", where=str(file)) from None
    named = config.architectures or []
    if len(named) != 1 or named[0] not in set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()):
        raise InputError(
            f"no causal language model that transformers knows, got {', '.join(named) or 'none'}",
            where=str(file),
            help="evomerge merges models such as LlamaForCausalLM or Qwen3ForCausalLM",
        )
    return config


def _check_tokenizer(folder: Path) -> None:
    if not any((folder / name).exists() for name in _TOKENIZERS):
        raise InputError(
            "no tokenizer in the folder",
            where=str(folder),
            help="copy the tokenizer files of the model it was trained from",
        )


def _is_adapter(folder: Path) -> bool:
    return (folder / "adapter_config.json").exists()


def _check_adapter(folder: Path, config: Any, base: TensorHeaders | None) -> None:
    if not _is_adapter(folder):
        raise InputError("no adapter_config.json in the adapter's folder", where=str(folder))
    read_json(folder / "adapter_config.json")
    if config is not None and not needed_weights(config):
        raise InputError(
            f"mergekit takes no adapters on {config.architectures[0]}",
            where=str(folder),
            help="merge the adapter into its model with peft, and give that folder",
        )
    shapes = read_headers(folder, "adapter_model").shapes
    for name, low in shapes.items():
        if base is None or not base.shapes or not name.endswith(".lora_A.weight"):
            continue
        target = name.removeprefix("base_model.model.").replace(".lora_A.weight", ".weight")
        high = shapes.get(name.replace(".lora_A.", ".lora_B."))
        wants = base.shapes.get(target)
        if wants is None:
            misfit = f"{target} is not in the model"
        elif high is not None and {low[-1], high[0]} != set(wants):
            misfit = f"{target} is {list(wants)}, the adapter's {[high[0], low[-1]]}"
        else:
            continue
        raise InputError(
            f"the adapter does not fit its model: {misfit}",
            where=str(folder),
            help="use the model that the adapter was trained on",
        )
