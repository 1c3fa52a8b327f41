"""Small model families, made or unpacked locally: for trying out, and for testing on."""

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from evomerge.errors import InputError, did_you_mean
from evomerge.files import cache_dir, is_unwritable, make_whole, platform_errors
from evomerge.recipe.reference import Reference
from evomerge.zoo.family import Progress, ZooFamily

FAMILIES = ("tiny", "smollm2")
_TASKS = "tasks"


def family(name: str) -> ZooFamily:
    """Return a family by name.

    Raises:
        InputError: No such family.
    """
    if name not in FAMILIES:
        raise InputError(f"no zoo family {name!r}", help=did_you_mean(name, FAMILIES))
    found: ZooFamily = import_module(f"evomerge.zoo.{name}").FAMILY
    return found


def folder(found: ZooFamily) -> Path:
    """Return where a family lies once it is made."""
    return cache_dir() / "zoo" / found.name / found.version


def is_made(name: str) -> bool:
    """Whether a family is there, whole."""
    return folder(family(name)).is_dir()


def locate(reference: str) -> str:
    """Return what mergekit can open for a model reference; anything but `zoo://…` stays.

    Args:
        reference: Such as `zoo://tiny/base`, or `zoo://tiny/tasks` for a family's task YAML;
            `X+Y` where an adapter is added. The family need not be made yet.

    Raises:
        InputError: No such family or model, with the nearest match.
    """
    return str(Reference.parse(reference).each(_locate))


def _locate(part: Reference) -> Reference:
    if (wanted := part.zoo) is None:
        return part
    found = family(wanted.family)
    if wanted.model == _TASKS:
        return Reference.parse(str(folder(found) / _TASKS))
    if wanted.model not in found.models:
        help = did_you_mean(wanted.model, (*found.models, _TASKS))
        raise InputError(f"no model {str(part)!r} in the zoo", help=help)
    return found.reference(folder(found), wanted.model)


def tensors(reference: str) -> tuple[str, ...]:
    """Return the names of a zoo model's tensors, whether it is made or not.

    Args:
        reference: Such as `zoo://tiny/base`, or one with an adapter.

    Raises:
        InputError: No such family.
    """
    return family(families_of([reference])[0]).tensors


def families_of(references: Iterable[str]) -> list[str]:
    """Return the families that these references name, each once, in order."""
    named = [zoo.family for r in references for zoo in Reference.parse(r).zoo_models]
    return list(dict.fromkeys(named))


def missing(references: Iterable[str]) -> list[str]:
    """Return the families that these references name and that are not made yet."""
    return [name for name in families_of(references) if not is_made(name)]


def make(name: str, progress: Progress, *, force: bool = False) -> Path:
    """Make a family, unless it is there; return its folder.

    Args:
        name: One of `FAMILIES`.
        progress: Told how far it is.
        force: Make it again.

    Raises:
        InputError: No such family.
        PlatformError: The cache folder cannot be written, or the disk is full.
    """
    found = family(name)
    final = folder(found)
    help = "free space or make it writable, or set EVOMERGE_CACHE to another folder"
    with platform_errors(final.parent, help=help, when=is_unwritable):
        make_whole(
            final,
            lambda draft: found.build(draft, final, progress),
            unless=lambda: final.is_dir() and not force,
        )
    return final
