"""Where a model lies: from what a recipe may name to a folder, its adapter, its fingerprint."""

import re
from dataclasses import dataclass
from pathlib import Path

from evomerge.errors import InputError
from evomerge.recipe.reference import Reference

_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
_PATTERNS = ["*.json", "*.txt", "*.jinja", "*.model"]


@dataclass(frozen=True)
class Located:
    """A parent's files.

    Args:
        model: Absolute folder of the full model.
        adapter: Absolute folder of the LoRA adapter on top of it, or None.
    """

    model: Path
    adapter: Path | None = None

    @property
    def reference(self) -> str:
        """The parent as mergekit reads it: `folder` or `folder+adapter`."""
        own = Reference(str(self.model))
        return str(own.with_adapter(str(self.adapter)) if self.adapter else own)

    def fingerprint(self) -> str:
        """Return text that changes when any file of weights or configuration does."""
        return "\n".join(
            f"{file.name} {stat.st_size} {stat.st_mtime_ns}"
            for folder in (self.model, self.adapter)
            if folder is not None
            for file in sorted(folder.iterdir())
            if file.suffix in (".json", ".safetensors", ".bin")
            for stat in (file.stat(),)
        )


def absolute(location: str) -> str:
    """Return a location whose folders are absolute; hub ids stay as they are."""
    return str(Reference.parse(location).each(_absolute))


def _absolute(part: Reference) -> str:
    return str(part.folder.absolute() if part.folder.is_dir() else part)


def find(location: str) -> Located:
    """Return the folders behind a location, fetching a hub model into the hub's cache.

    Args:
        location: A folder, a hub id, hub id@revision, or two of these joined by `+`.

    Raises:
        InputError: The folder is missing, the hub model cannot be had, or the path holds
            a character that mergekit reads as something else.
    """
    reference = Reference.parse(location)
    if not reference.is_plain:
        raise _reserved(location)
    folders = [_folder(part, location) for part in reference.parts]
    return Located(folders[0], folders[1] if len(folders) == 2 else None)


def find_here(location: str) -> Path | None:
    """Return the folder of a model without its adapter, or None where it is not on this machine.

    Args:
        location: As for `find`; nothing is fetched.
    """
    part = Reference.parse(location).parts[0]
    path = part.folder.expanduser()
    if path.is_dir():
        return path.absolute()
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        found = snapshot_download(part.model, revision=part.revision or None, local_files_only=True)
    except (HFValidationError, LocalEntryNotFoundError):
        return None
    return Path(found) if any(Path(found).glob("*.safetensors")) else None


def _folder(part: Reference, location: str) -> Path:
    path = part.folder.expanduser()
    if path.is_dir():
        if part.revision is not None:
            raise _reserved(location)
        return path.absolute()
    if Path(location).is_dir():
        raise _reserved(location)
    if path.is_absolute() or not _HUB_ID.fullmatch(part.model):
        raise InputError(f"no such folder {part}", where=location, help=_siblings(path))
    return _snapshot(part.model, part.revision or None)


def _snapshot(hub_id: str, revision: str | None) -> Path:
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(
                hub_id, revision=revision, allow_patterns=[*_PATTERNS, "*.safetensors"]
            )
        )
        if not any(folder.glob("*.safetensors")):
            snapshot_download(hub_id, revision=revision, allow_patterns=[*_PATTERNS, "*.bin"])
    except LocalEntryNotFoundError:
        offline = " and HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else ""
        raise InputError(
            f"no such folder, and as a hub model it is not in the local cache{offline}",
            where=hub_id,
            help=f"download it where there is a network: hf download {hub_id}, or give a folder",
        ) from None
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"the hub does not give this model: {reason}", where=hub_id) from None
    return folder


def _reserved(location: str) -> InputError:
    return InputError(
        "mergekit reads + as model+adapter and @ as model@revision, so a folder's path may "
        "hold neither",
        where=location,
        help="rename the folder, or link to it under another name",
    )


def _siblings(path: Path) -> str:
    from difflib import get_close_matches

    parent = path.parent
    while not parent.is_dir() and parent != parent.parent:
        path, parent = parent, parent.parent
    names = sorted(child.name for child in parent.iterdir() if child.is_dir())
    near = get_close_matches(path.name, names, n=1)
    if near:
        return f"did you mean {parent / near[0]}?"
    listed = ", ".join(names[:10]) or "no folders"
    return f"{parent} holds {listed}" + (", …" if len(names) > 10 else "")
