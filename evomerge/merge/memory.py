"""Merge in memory: mergekit's own plan and executor, with a writer that keeps the tensors."""

import contextlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from mergekit.architecture import get_architecture_info
from mergekit.graph import Executor
from mergekit.io.tasks import FinalizeModel, LoaderCache, SaveTensor, TensorWriterTask
from mergekit.merge import _model_out_config, _set_chat_template, _update_config_vocab
from mergekit.options import MergeOptions
from mergekit.plan import MergePlanner
from mergekit.tokenizer import TokenizerInfo
from safetensors import SafetensorError

from evomerge.errors import EvomergeError, Failure, TrialError
from evomerge.merge import configuration as make
from evomerge.merge.parents import Parents
from evomerge.merge.seeding import seeded
from evomerge.space.recipe import Recipe

Tokenizer = transformers.PreTrainedTokenizerBase


@dataclass(frozen=True)
class Merged:
    """The weights of one merge. Tensors may be the parents' own: do not write to them.

    Args:
        tensors: Checkpoint name → tensor, as mergekit would write them.
        config: The output model's config.
        generation: Folder whose generation config goes with the model, or None.
    """

    tensors: Mapping[str, torch.Tensor]
    config: transformers.PretrainedConfig
    generation: Path | None = None


class MemoryMerger:
    """Merges recipes in this process. Not thread-safe.

    Adapters are merged into their models here, at once, since that draws random numbers.

    Args:
        locations: Model reference as recipes write it → folder, hub id, or `X+adapter`.
        cache: Folder for models with adapters merged in.
        device: `cpu`, or where the arithmetic runs; results equal mergekit's on that device.

    Raises:
        InputError: A model cannot be found, or an adapter does not fit.
        PlatformError: The cache cannot be written.
    """

    def __init__(
        self, locations: Mapping[str, str], cache: str | Path, device: str = "cpu"
    ) -> None:
        self._locations = dict(locations)
        self._device = device
        self._parents = Parents(cache)
        self._parents.merge_adapters(self._locations.values())

    def merge(self, recipe: Recipe) -> Merged:
        """Merge a recipe; bit-equal to `mergekit-yaml` on the exported recipe.

        Args:
            recipe: References as the space writes them.

        Raises:
            TrialError: `INVALID_RECIPE`, `MERGE_FAILED`, `SHAPE_MISMATCH`, `NAN_WEIGHTS`
                or `OUT_OF_MEMORY`, with what mergekit says.
        """
        located = make.locate(recipe, self._locations)
        self._parents.hold(located.models)
        config = make.configuration(self._opened(located))
        settings = make.options(located, self._parents.lora_cache, self._device)
        with named_failures(), seeded(located.seed):
            return _merge(config, settings)

    def tokenizer(self, recipe: Recipe) -> Tokenizer:
        """Return the tokenizer that the recipe's merged folder would have.

        Raises:
            TrialError: The recipe is invalid, or its tokenizer cannot be had.
        """
        config = make.configuration(self._opened(make.locate(recipe, self._locations)))
        tokenizer: Tokenizer
        with named_failures():
            if config.tokenizer_source or config.tokenizer:
                arch = get_architecture_info(config, MergeOptions(quiet=True))
                planner = MergePlanner(config, arch, MergeOptions(quiet=True), None)
                with _no_progress():
                    tokenizer = planner._tokenizer_task.execute().tokenizer
            else:
                tokenizer = transformers.AutoTokenizer.from_pretrained(
                    make.donor(config).model.path
                )
            _set_chat_template(tokenizer, config)
        return tokenizer

    def _opened(self, located: Recipe) -> Recipe:
        try:
            opened = {model: self._parents.reference(model) for model in located.models}
        except EvomergeError as error:
            raise TrialError(Failure.INVALID_RECIPE, str(error)) from error
        return located.with_models(opened)


class _Collector:
    """Takes the place of mergekit's writer of shards."""

    def __init__(self) -> None:
        self.tensors: dict[str, torch.Tensor] = {}

    def save_tensor(self, name: str, tensor: torch.Tensor, clone: bool = False) -> None:
        low, high = torch.aminmax(tensor) if tensor.numel() else (tensor.sum(), tensor.sum())
        if not (torch.isfinite(low) and torch.isfinite(high)):
            raise TrialError(Failure.NAN_WEIGHTS, f"merged {name} holds NaN or infinity")
        self.tensors[name] = tensor

    def finalize(self) -> None:
        pass


class _CollectorTask(TensorWriterTask):  # type: ignore[misc]
    def execute(self, **_: object) -> _Collector:
        return _Collector()


def _merge(config: make.Configuration, settings: MergeOptions) -> Merged:
    """Do what `run_merge` does, in its order, up to the writing.

    The graph has the shape of mergekit's graph to disk, so that random methods draw for
    the tensors in the same order.
    """
    arch = get_architecture_info(config, settings)
    LoaderCache().setup(options=settings)
    out = _model_out_config(config, arch)
    make.fit_layer_lists(out, config, arch)
    generation = _generation_folder(config, settings)
    tasks = MergePlanner(config, arch, settings, out).plan_to_disk(out_path="")
    writer = _CollectorTask(out_path="", max_shard_size=-1)
    saves = [t.model_copy(update={"writer_task": writer}) for t in tasks if type(t) is SaveTensor]
    finalize = FinalizeModel(tensor_save_tasks=tuple(saves), writer_task=writer)
    others = [t for t in tasks if type(t) not in (SaveTensor, FinalizeModel)]
    executor = Executor(
        [writer, *saves, finalize, *others],
        math_device=torch.device(settings.device),
        storage_device=torch.device(settings.device),
    )
    tensors: dict[str, torch.Tensor] = {}
    with _no_progress() if others else contextlib.nullcontext():
        for _, value in executor.run(quiet=True):
            if isinstance(value, _Collector):
                tensors = value.tensors
            elif isinstance(value, TokenizerInfo):
                multiple = config.tokenizer.pad_to_multiple_of if config.tokenizer else None
                _update_config_vocab(out, arch, value.tokenizer, pad_to_multiple_of=multiple)
    as_saved = type(out).from_dict(out.to_dict())
    return Merged(tensors, as_saved, generation)


def _generation_folder(config: make.Configuration, settings: MergeOptions) -> Path | None:
    """Return the folder from which mergekit would copy a generation config, if it would."""
    if config.tokenizer_source or config.tokenizer or config.chat_template:
        return None
    merged = make.donor(config).merged(cache_dir=settings.lora_merge_cache)
    folder = Path(merged.model.path)
    has_tokenizer = (folder / "tokenizer_config.json").exists() and (
        (folder / "tokenizer.json").exists() or (folder / "tokenizer.model").exists()
    )
    return folder if has_tokenizer and (folder / "generation_config.json").exists() else None


@contextlib.contextmanager
def _no_progress() -> Iterator[None]:
    """Hide mergekit's progress bar of building tokenizers; it has no switch."""
    with contextlib.redirect_stderr(io.StringIO()):
        yield


@contextlib.contextmanager
def named_failures() -> Iterator[None]:
    """Turn what mergekit raises into a `TrialError` with the failure's name."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise TrialError(Failure.OUT_OF_MEMORY, str(error) or "out of memory") from error
    except (RuntimeError, ValueError, TypeError, KeyError, OSError, SafetensorError) as error:
        text = str(error)
        raise TrialError(_name(text), f"mergekit: {text}") from error


def _name(text: str) -> Failure:
    lowered = text.lower()
    if "can't allocate memory" in lowered or "not enough memory" in lowered:
        return Failure.OUT_OF_MEMORY
    shapes = ("tensor shapes", "tensor size", "size mismatch", "must match the size", "shape")
    if any(hint in lowered for hint in shapes):
        return Failure.SHAPE_MISMATCH
    return Failure.MERGE_FAILED
