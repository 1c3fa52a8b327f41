"""A model with its adapter merged in by mergekit: made once, and kept in the cache."""

from pathlib import Path

from mergekit.common import ModelReference
from safetensors import SafetensorError

from evomerge.errors import InputError, PlatformError
from evomerge.files import make_whole
from evomerge.merge.mergekit.private import adapter_folder
from evomerge.merge.mergekit.process import kept_rng
from evomerge.merge.models.locations import Located

_STAMP = "evomerge.stamp"
"""File of a merged model's folder that holds the fingerprint of what it was made from."""


def merged_adapter(located: Located, cache: Path) -> Path:
    """Return the folder of a model with its adapter merged in by mergekit, making it once.

    The folder has the name by which `mergekit-yaml --lora-merge-cache` finds it, and
    appears only when it is complete. It is made anew when model or adapter changed.

    Args:
        located: A model with an adapter.
        cache: mergekit's lora merge cache.

    Raises:
        InputError: The adapter does not fit.
        PlatformError: The cache cannot be written.
    """
    reference = ModelReference.model_validate(located.reference)
    assert reference.lora is not None
    target = cache / adapter_folder(reference)
    stamp = located.fingerprint()
    if _stamped(target, stamp):
        return target

    def fill(draft: Path) -> None:
        with kept_rng():
            made = Path(reference.merged(cache_dir=str(draft)).model.path)
        for file in list(made.iterdir()):
            file.rename(draft / file.name)
        made.rmdir()
        (draft / _STAMP).write_text(stamp)

    try:
        make_whole(target, fill, unless=lambda: _stamped(target, stamp))
    except OSError as error:
        if error.errno is not None:
            raise PlatformError(f"cannot keep adapters: {error}", where=str(cache)) from error
        raise _misfit(located, error) from error
    except (RuntimeError, ValueError, KeyError, SafetensorError) as error:
        raise _misfit(located, error) from error
    return target


def _misfit(located: Located, error: Exception) -> InputError:
    reason = str(error).strip().splitlines()[0][:300]
    return InputError(f"the adapter cannot be merged: {reason}", where=located.reference)


def _stamped(folder: Path, stamp: str) -> bool:
    try:
        return (folder / _STAMP).read_text() == stamp
    except OSError:
        return False
