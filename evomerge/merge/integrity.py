"""Check the parents before the first trial: files whole, one architecture, one shape."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evomerge.errors import InputError
from evomerge.merge.headers import Weights, read_json, read_weights
from evomerge.merge.locations import Located, find

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")


@dataclass(frozen=True)
class ModelFacts:
    """What a parent's files say of it.

    Args:
        reference: As the space writes it.
        files: Its folders.
        architecture: Such as `LlamaForCausalLM`.
        layers: Number of layers, or None where the config does not say.
        vocab_size: Rows of the embedding as the config says, or None.
        parameters: Number of weights; 0 where only pickles are there.
        dtype: The most common dtype, as safetensors writes it; empty for pickles.
    """

    reference: str
    files: Located
    architecture: str
    layers: int | None
    vocab_size: int | None
    parameters: int
    dtype: str
    _config: Any = field(repr=False, compare=False, default=None)
    _weights: Weights | None = field(repr=False, compare=False, default=None)


@dataclass(frozen=True)
class ParentFacts:
    """What is known of all parents.

    Args:
        models: Reference → facts, in the space's order.
    """

    models: Mapping[str, ModelFacts]


def check_parents(
    locations: Mapping[str, str], *, slices: bool = False, own_tokenizers: bool = False
) -> ParentFacts:
    """Check that the parents can be merged with each other; read headers and configs only.

    Args:
        locations: Reference as the space writes it → folder, hub id, or `X+adapter`.
        slices: Every recipe takes layers by `slices`, so that depths may differ.
        own_tokenizers: Every recipe sets `tokenizer_source` or `tokenizer`, so that
            vocabularies may differ.

    Raises:
        InputError: Everything that is wrong, at once.
    """
    problems: list[InputError] = []
    models: dict[str, ModelFacts] = {}
    for reference, location in locations.items():
        try:
            models[reference] = _facts(reference, location)
        except InputError as error:
            problems += _flat(error)
    facts = list(models.values())
    for other in facts[1:]:
        try:
            _compare(facts[0], other, slices=slices, own_tokenizers=own_tokenizers)
        except InputError as error:
            problems += _flat(error)
    if problems:
        first = problems[0]
        raise InputError(first.what, where=first.where, help=first.help, others=problems[1:])
    return ParentFacts(models)


def _flat(error: InputError) -> list[InputError]:
    return [InputError(error.what, where=error.where, help=error.help), *error.others]


def _facts(reference: str, location: str) -> ModelFacts:
    located = find(location)
    folder = located.model
    problems: list[InputError] = []
    config = _try(problems, lambda: _config(folder))
    weights = _try(problems, lambda: read_weights(folder))
    if not any((folder / name).exists() for name in _TOKENIZERS):
        problems.append(
            InputError(
                "no tokenizer in the folder",
                where=str(folder),
                help="copy the tokenizer files of the model it was trained from",
            )
        )
    if config is not None and weights is not None:
        _try(problems, lambda: _check_tensors(folder, config, weights))
    if located.adapter is not None:
        adapter = located.adapter
        _try(problems, lambda: _check_adapter(adapter, weights))
    if problems:
        raise InputError(
            problems[0].what, where=problems[0].where, help=problems[0].help, others=problems[1:]
        )
    assert config is not None and weights is not None
    text = config.get_text_config()
    dtypes = list(weights.dtypes.values())
    return ModelFacts(
        reference=reference,
        files=located,
        architecture=config.architectures[0],
        layers=getattr(text, "num_hidden_layers", None),
        vocab_size=getattr(text, "vocab_size", None),
        parameters=sum(_count(shape) for shape in weights.shapes.values()),
        dtype=max(set(dtypes), key=dtypes.count) if dtypes else "",
        _config=config,
        _weights=weights,
    )


def _try(problems: list[InputError], check: Callable[[], Any]) -> Any:
    try:
        return check()
    except InputError as error:
        problems += _flat(error)
        return None


def _config(folder: Path) -> Any:
    from huggingface_hub.errors import StrictDataclassError
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    file = folder / "config.json"
    if not file.exists():
        hint = "this is an adapter: write BASE+ADAPTER" if _is_adapter(folder) else ""
        raise InputError("no config.json in the folder", where=str(folder), help=hint)
    read_json(file)
    try:
        config = AutoConfig.from_pretrained(folder)
    except (OSError, ValueError, TypeError, KeyError, StrictDataclassError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"transformers cannot read it: {reason}", where=str(file)) from None
    known = set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values())
    named = config.architectures or []
    if len(named) != 1 or named[0] not in known:
        listed = ", ".join(named) or "none"
        raise InputError(
            f"not a causal language model that transformers knows: architecture {listed}",
            where=str(file),
            help="evomerge merges models such as LlamaForCausalLM or Qwen3ForCausalLM",
        )
    return config


def _is_adapter(folder: Path) -> bool:
    return (folder / "adapter_config.json").exists()


def _required(config: Any) -> list[Any]:
    """Return mergekit's list of weights, empty for an architecture it infers from files."""
    from mergekit.architecture import arch_info_for_config

    arch = arch_info_for_config(config)
    return arch.all_weights(config) if arch is not None else []


def _resolve(weight: Any, names: Mapping[str, Any]) -> str | None:
    for name in (weight.name, *(weight.aliases or ()), *(weight.tied_names or ())):
        if name in names:
            return str(name)
    return None


def _check_tensors(folder: Path, config: Any, weights: Weights) -> None:
    from mergekit.architecture.conversion import can_convert_checkpoint_keys

    if not weights.shapes:
        return
    missing = [
        weight.name
        for weight in _required(config)
        if not weight.optional
        and _resolve(weight, weights.shapes) is None
        and not can_convert_checkpoint_keys(config.model_type, set(weights.shapes), weight.name)
    ]
    if missing:
        more = f" and {len(missing) - 1} more" if missing[1:] else ""
        raise InputError(
            f"mergekit needs tensor {missing[0]}{more} for {config.architectures[0]}, "
            "and the weights lack it",
            where=str(folder),
        )


def _check_adapter(folder: Path, base: Weights | None) -> None:
    if not _is_adapter(folder):
        raise InputError("no adapter_config.json in the adapter's folder", where=str(folder))
    read_json(folder / "adapter_config.json")
    shapes = read_weights(folder, "adapter_model").shapes
    for name, low in shapes.items():
        if base is None or not base.shapes or not name.endswith("lora_A.weight"):
            continue
        target = name.removeprefix("base_model.model.").replace(".lora_A.weight", ".weight")
        high = shapes.get(name.replace("lora_A", "lora_B"))
        wants = base.shapes.get(target)
        if wants is None:
            raise InputError(
                f"the adapter changes {target}, which its model lacks", where=str(folder)
            )
        if high is not None and {low[-1], high[0]} != set(wants):
            raise InputError(
                f"the adapter changes {target} as {(high[0], low[-1])}, its model has {wants}",
                where=str(folder),
                help="use the model that the adapter was trained on",
            )


def _compare(a: ModelFacts, b: ModelFacts, *, slices: bool, own_tokenizers: bool) -> None:
    where = f"{a.reference} and {b.reference}"
    if a.architecture != b.architecture:
        raise InputError(
            f"different architectures: {a.architecture} and {b.architecture}", where=where
        )
    if a.layers != b.layers and not slices:
        raise InputError(
            f"different depths: {a.layers} and {b.layers} layers",
            where=where,
            help="only recipes with slices can mix depths",
        )
    problems: list[InputError] = []
    same_vocabulary = a.vocab_size == b.vocab_size
    if not same_vocabulary and not own_tokenizers:
        problems.append(
            InputError(
                f"different vocabularies: {a.vocab_size} and {b.vocab_size} tokens",
                where=where,
                help="set tokenizer_source: union or base in every recipe",
            )
        )
    assert a._weights is not None and b._weights is not None
    for weight in _required(a._config):
        name_a, name_b = (_resolve(weight, m._weights.shapes) for m in (a, b))  # type: ignore[union-attr]
        if name_a is None or name_b is None:
            continue
        shape_a, shape_b = a._weights.shapes[name_a], b._weights.shapes[name_b]
        axis = weight.vocabulary_axis
        if axis is not None and (own_tokenizers or not same_vocabulary):
            shape_a = shape_a[:axis] + shape_a[axis + 1 :]
            shape_b = shape_b[:axis] + shape_b[axis + 1 :]
        if shape_a != shape_b:
            problems.append(
                InputError(
                    f"different shapes: {weight.name} is {list(shape_a)} and {list(shape_b)}",
                    where=where,
                    help="only siblings of one shape can be merged",
                )
            )
            break
    if problems:
        raise InputError(problems[0].what, where=where, help=problems[0].help, others=problems[1:])


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for extent in shape:
        count *= extent
    return count
