"""Merge into a model folder that is there whole or not at all."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from evomerge.errors import Failure, InputError, PlatformError, TrialError
from evomerge.files import is_full, make_whole, platform_errors
from evomerge.merge.devices import check_device
from evomerge.merge.export import export_yaml
from evomerge.merge.mergekit.configuration import configuration, locate, options
from evomerge.merge.mergekit.experts import build_moe
from evomerge.merge.mergekit.folder import model_card, write_model
from evomerge.merge.mergekit.process import seeded
from evomerge.merge.mergekit.writers import folder_writer
from evomerge.merge.models.locations import absolute
from evomerge.merge.models.resident import Parents
from evomerge.methods.table import MERGEKIT, Method
from evomerge.recipe.recipe import Recipe


def merge_to_disk(
    recipe: Recipe,
    locations: Mapping[str, str],
    out: str | Path,
    cache: str | Path,
    *,
    device: str = "cpu",
    force: bool = False,
    origin: Sequence[str] = (),
    methods: Mapping[str, Method] = MERGEKIT,
) -> Path:
    """Write the merged model, its tokenizer, the recipe and a model card into a folder.

    The weights are those of `Merger.merge` and of `mergekit-yaml`. Everything is
    written beside the target and renamed at the end.

    Args:
        recipe: References as the space writes them.
        locations: Reference → folder, hub id, or `X+adapter`.
        out: The folder to make.
        cache: Folder for models with adapters merged in.
        device: `cpu`, or where the arithmetic runs.
        force: Replace a model folder that is there.
        origin: Lines for the header of `mergekit_config.yml`.
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
        origin=origin,
        lora_cache=cache,
        file=_file(located),
        device=device,
        methods=methods,
    )

    def fill(draft: Path) -> None:
        _check_target(out, force)  # again: another process may have been first
        with seeded(located.seed):
            if located.is_mixture:
                build_moe(opened, settings, draft, lambda: folder_writer(draft))
            else:
                write_model(configuration(opened), settings, draft)
        (draft / _file(located)).write_text(text, encoding="utf-8")
        (draft / "README.md").write_text(_card(located, text, out.name), encoding="utf-8")

    with write_errors(out):
        make_whole(out, fill)
    return out


def _file(recipe: Recipe) -> str:
    """Return the name under which mergekit leaves a recipe in the model's folder."""
    return "mergekit_moe_config.yml" if recipe.is_mixture else "mergekit_config.yml"


def _card(recipe: Recipe, text: str, name: str) -> str:
    """Return the model card: mergekit's, or for a mixture of experts, which has none, ours."""
    if not recipe.is_mixture:
        folders = {model: absolute(model) for model in recipe.models}
        return model_card(recipe.with_models(folders), text, name)
    models = "".join(f"- {model}\n" for model in recipe.models)
    return (
        f"---\ntags:\n- mergekit\n- merge\n- moe\n---\n# {name}\n\n"
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


@contextmanager
def write_errors(folder: Path) -> Iterator[None]:
    """Name what stands in the way of a model folder; safetensors words a full disk its own way."""
    with platform_errors(folder, "cannot write the model folder"):
        try:
            yield
        except (OSError, SafetensorError, TrialError) as error:
            cause = error.__cause__ if isinstance(error, TrialError) else error
            if _is_full(cause):
                what = "the disk is full; nothing was left behind"
                raise PlatformError(what, where=str(folder), help="free some space") from error
            if isinstance(error, TrialError) or getattr(error, "errno", None) is not None:
                raise
            what = f"the merged model cannot be completed: {error}"
            raise TrialError(Failure.MERGE_FAILED, what) from error


def _is_full(error: BaseException | None) -> bool:
    number = isinstance(error, OSError) and is_full(error)
    return number or (isinstance(error, OSError | SafetensorError) and "os error 28" in str(error))
