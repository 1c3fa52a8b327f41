"""Small model families made or unpacked locally: the embedded default and the real test subjects."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """Return the folder for zoo models: `$EVOMERGE_CACHE`, else `~/.cache/evomerge`."""
    return Path(os.environ.get("EVOMERGE_CACHE", Path.home() / ".cache" / "evomerge")).absolute()


def locate(reference: str) -> str:
    """Return what mergekit can open for a model reference.

    `zoo://tiny/base` becomes the absolute folder it is made in; anything else stays.

    Raises:
        InputError: No such zoo family or model, with the nearest match.
    """
    raise NotImplementedError
