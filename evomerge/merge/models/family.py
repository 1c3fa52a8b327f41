"""Which of some models can be merged with each other, and which one the others came from."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import yaml

from evomerge.errors import InputError
from evomerge.merge.models.compatibility import compare
from evomerge.merge.models.locations import find
from evomerge.merge.models.metadata import Metadata, read_metadata
from evomerge.recipe.reference import Reference, short_names


@dataclass(frozen=True)
class Family:
    """Models that can be merged with each other.

    Args:
        models: Short name → reference, the base first.
        metadata: Short name → what its files say.
        base: Short name of the base model, or None.
        why_base: Who says that it is the base, in plain words; empty without one.
        left_out: Reference → why it cannot be merged with the others.
    """

    models: dict[str, str]
    metadata: dict[str, Metadata]
    base: str | None
    why_base: str
    left_out: dict[str, str]


def find_family(references: Sequence[str]) -> Family:
    """Find the models that fit each other, and their base; no weight is loaded.

    Args:
        references: Folders, hub ids, `model+adapter`, or an adapter's folder alone.

    Raises:
        InputError: No model can be read, or no two can be merged.
    """
    left_out: dict[str, str] = {}
    metadata: dict[str, Metadata] = {}
    stated: dict[str, str] = {}
    for reference in [_with_its_model(reference) for reference in references]:
        try:
            metadata[reference] = read_metadata(reference, reference)
        except InputError as error:
            left_out[reference] = error.what
            continue
        if base := stated_base(metadata[reference]):
            stated[reference] = base
    base, why_base = _base(metadata, stated)
    if base is not None and base not in metadata:
        try:
            metadata[base] = read_metadata(base, base)
        except InputError:
            base, why_base = None, f"{why_base}, but it is not to be had here: {base}"
    order = sorted(metadata, key=lambda reference: reference != base)
    fitting = _fitting([metadata[reference] for reference in order], left_out)
    if base not in fitting:
        base = None
    if len(fitting) < 2:
        reasons = "; ".join(f"{reference}: {why}" for reference, why in left_out.items())
        raise InputError(f"there are no two models that can be merged: {reasons or 'name two'}")
    names = short_names(fitting, base)
    return Family(
        models={names[reference]: reference for reference in fitting},
        metadata={names[reference]: metadata[reference] for reference in fitting},
        base=names[base] if base is not None else None,
        why_base=why_base,
        left_out=left_out,
    )


def stated_base(metadata: Metadata) -> str | None:
    """Return the base that a model's own files name: its adapter, or its model card, or None."""
    if metadata.files.adapter is not None:
        return str(metadata.files.model)
    card = metadata.files.model / "README.md"
    try:
        text = card.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    if not text.startswith("---"):
        return None
    try:
        header = yaml.safe_load(text.split("---", 2)[1])
    except (yaml.YAMLError, IndexError):
        return None
    base = header.get("base_model") if isinstance(header, dict) else None
    base = base[0] if isinstance(base, list) and len(base) == 1 else base
    return base if isinstance(base, str) and base else None


def _with_its_model(reference: str) -> str:
    """Return `model+adapter` for an adapter's folder alone."""
    folder = Path(reference)
    config = folder / "adapter_config.json"
    whole = (folder / "config.json").exists() or not config.exists()
    if whole or Reference.parse(reference).adapter:
        return reference
    try:
        named = json.loads(config.read_text()).get("base_model_name_or_path")
    except (OSError, ValueError, AttributeError):
        named = None
    return str(Reference.parse(named).with_adapter(reference)) if named else reference


def _base(metadata: dict[str, Metadata], stated: dict[str, str]) -> tuple[str | None, str]:
    """Return the base that most of the models name, as a reference among them where it is one."""
    votes = Counter(_among(metadata, base) for base in stated.values())
    if not votes:
        named = next((r for r in metadata if PurePath(r).name == "base"), None)
        return named, "its name says so" if named else ""
    base, count = votes.most_common(1)[0]
    return base, f"{count} of {len(metadata)} models name it"


def _among(metadata: dict[str, Metadata], base: str) -> str:
    """Return the given reference that stands for a base, or the base itself."""
    try:
        folder = find(base).model
    except InputError:
        folder = None
    for reference, known in metadata.items():
        same = reference == base or (known.files.model == folder and known.files.adapter is None)
        if same or (folder is None and PurePath(reference).name == PurePath(base).name):
            return reference
    return base


def _fitting(metadata: list[Metadata], left_out: dict[str, str]) -> list[str]:
    """Return the references that fit the most common architecture, noting the others."""
    if not metadata:
        return []
    common = Counter(known.architecture for known in metadata).most_common(1)[0][0]
    first = next(known for known in metadata if known.architecture == common)
    fitting = []
    for known in metadata:
        try:
            compare(first, known)
        except InputError as error:
            left_out[known.reference] = f"{error.what} (against {first.reference})"
            continue
        fitting.append(known.reference)
    return fitting
