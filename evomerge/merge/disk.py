"""Merge into a model folder that is there whole or not at all."""

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from mergekit.card import generate_card
from mergekit.io.tasks import TensorWriterTask
from mergekit.io.tensor_writer import TensorWriter
from mergekit.merge import _copy_tagalong_files, _copy_tokenizer, _set_chat_template
from mergekit.options import MergeOptions
from safetensors import SafetensorError

from evomerge.errors import EvomergeError, Failure, InputError, PlatformError, TrialError
from evomerge.files import make_whole
from evomerge.merge.devices import check_device
from evomerge.merge.export import export_yaml
from evomerge.merge.mergekit.configuration import Configuration, configuration, locate, options
from evomerge.merge.mergekit.engine import Executed, check_finite, execute
from evomerge.merge.mergekit.experts import build_moe
from evomerge.merge.mergekit.seeding import seeded
from evomerge.merge.models.locations import absolute
from evomerge.merge.models.resident import Parents
from evomerge.methods.table import MERGEKIT, Method
from evomerge.recipe.recipe import Recipe

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def merge_to_disk(
    recipe: Recipe,
    locations: Mapping[str, str],
    out: str | Path,
    cache: str | Path,
    *,
    device: str = "cpu",
    force: bool = False,
    notes: Sequence[str] = (),
    methods: Mapping[str, Method] = MERGEKIT,
) -> Path:
    """Write the merged model, its tokenizer, the recipe and a model card into a folder.

    The weights are those of `MemoryMerger.merge` and of `mergekit-yaml`. Everything is
    written beside the target and renamed at the end.

    Args:
        recipe: References as the space writes them.
        locations: Reference → folder, hub id, or `X+adapter`.
        out: The folder to make.
        cache: Folder for models with adapters merged in.
        device: `cpu`, or where the arithmetic runs.
        force: Replace a model folder that is there.
        notes: Lines for the header of `mergekit_config.yml`.
        methods: The table of merge methods, which tells what a plug-in registers.

    Returns:
        The folder's absolute path.

    Raises:
        InputError: The target is taken, or a model cannot be found.
        PlatformError: Disk full, or folder unwritable.
        TrialError: The merge failed, by name.
    """
    out = Path(out).resolve()
    _check_target(out, force)
    check_device(device)
    parents = Parents(cache)
    located = locate(recipe, locations)
    parents.merge_adapters(located.models)
    parents.hold(located.models)
    opened = located.with_models({m: parents.reference(m) for m in located.models})
    settings = options(located, parents.lora_cache, device)
    text = export_yaml(
        recipe,
        locations,
        notes=notes,
        lora_cache=cache,
        file=_file(located),
        device=device,
        methods=methods,
    )

    def fill(draft: Path) -> None:
        with seeded(located.seed):
            if located.is_mixture:
                build_moe(opened, settings, draft, _CheckedWriter)
            else:
                _merge(configuration(opened), settings, draft)
        (draft / _file(located)).write_text(text, encoding="utf-8")
        (draft / "README.md").write_text(_card(located, text, out), encoding="utf-8")

    with _platform_errors(out):
        make_whole(out, fill)
    return out


def _merge(config: Configuration, settings: MergeOptions, folder: Path) -> None:
    executed = execute(config.model_copy(deep=True), settings, _writer(folder))
    _write_companions(folder, config, settings, executed)


def _file(recipe: Recipe) -> str:
    """Return the name under which mergekit leaves a recipe in the model's folder."""
    return "mergekit_moe_config.yml" if recipe.is_mixture else "mergekit_config.yml"


def _card(recipe: Recipe, text: str, out: Path) -> str:
    """Return the model card: mergekit's, or for a mixture of experts, which has none, ours."""
    if not recipe.is_mixture:
        folders = {m: absolute(m) for m in recipe.models}  # mergekit looks others up on the hub
        opened = configuration(recipe.with_models(folders))
        card: str = generate_card(opened, text.rstrip(), name=out.name)
        return card
    models = "".join(f"- {model}\n" for model in recipe.models)
    return (
        f"---\ntags:\n- mergekit\n- merge\n- moe\n---\n# {out.name}\n\n"
        f"A mixture of experts, made with mergekit-moe out of:\n\n{models}\n"
        f"```yaml\n{text.rstrip()}\n```\n"
    )


def _check_target(out: Path, force: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError("the target is a file", where=str(out), help="name a folder")
    if not any(out.iterdir()):
        return
    if not force:
        raise InputError("the target folder is not empty", where=str(out), help="add --force")
    if not (out / "config.json").exists():
        raise InputError(
            "--force replaces a model folder, and this one holds no config.json",
            where=str(out),
            help="name another folder, or remove it yourself",
        )


class _CheckedWriter(TensorWriter):  # type: ignore[misc]
    def save_tensor(self, name: str, tensor: torch.Tensor, clone: bool = False) -> None:
        check_finite(name, tensor)
        super().save_tensor(name, tensor, clone)


class _CheckedWriterTask(TensorWriterTask):  # type: ignore[misc]
    def execute(self, **_: object) -> _CheckedWriter:
        return _CheckedWriter(self.out_path, max_shard_size=self.max_shard_size)


def _writer(folder: Path) -> TensorWriterTask:
    return _CheckedWriterTask(
        out_path=str(folder), max_shard_size=MergeOptions.model_fields["out_shard_size"].default
    )


def _write_companions(
    folder: Path, config: Configuration, settings: MergeOptions, executed: Executed
) -> None:
    executed.config.save_pretrained(folder)
    if executed.tokenizer is not None:
        _set_chat_template(executed.tokenizer, config)
        executed.tokenizer.save_pretrained(folder)
    else:
        try:
            _copy_tokenizer(config, str(folder), options=settings)
        except (RuntimeError, ValueError, KeyError) as error:
            reason = f"the tokenizer cannot be copied: {error}"
            raise TrialError(Failure.MERGE_FAILED, reason) from error
    files = executed.arch.tagalong_files or []
    _copy_tagalong_files(config, str(folder), files=files, options=settings)


@contextmanager
def _platform_errors(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _named(error, error.errno, out) from error
    except SafetensorError as error:
        raise _named(error, None, out) from error
    except TrialError as error:
        cause = error.__cause__
        if isinstance(cause, OSError | SafetensorError) and _is_full(cause):
            raise _named(cause, errno.ENOSPC, out) from error
        raise


def _is_full(error: BaseException) -> bool:
    return getattr(error, "errno", None) in _FULL or "os error 28" in str(error)


def _named(error: Exception, number: int | None, out: Path) -> EvomergeError:
    if number in _FULL or _is_full(error):
        return PlatformError(
            "the disk is full; nothing was left behind", where=str(out), help="free some space"
        )
    if number is not None:
        reason = os.strerror(number)
        return PlatformError(f"cannot write the model folder: {reason}", where=str(out))
    return TrialError(Failure.MERGE_FAILED, f"the merged model cannot be completed: {error}")
