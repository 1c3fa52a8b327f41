"""Read the settings of a space file as `evomerge/settings.py` declares them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as File
from typing import Any, Literal, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from evomerge.errors import did_you_mean
from evomerge.recipe.reference import Reference, absolute_path
from evomerge.samplers import SAMPLERS, misfit, out_of_place
from evomerge.settings import Settings
from evomerge.space.places import Path
from evomerge.space.problems import Problems, show
from evomerge.space.reading.words import allowed, declared, is_list, plain, section_of

SETTINGS = tuple(declared(Settings))
"""What a space file may say at its top beside models and recipes."""


def check_settings(document: Mapping[str, Any], folder: File, problems: Problems) -> None:
    """Note every mistake in the settings of a file.

    Args:
        document: The whole file.
        folder: The file's folder; a relative `task_path` starts here.
        problems: Takes the mistakes.
    """
    _note_section(Settings, _settings(document), (), problems)
    for note in (_note_task_twice, _note_folder, _note_one_value, _note_on_disk):
        note(document, folder, problems)


def settings_of(document: Mapping[str, Any], folder: File) -> Settings:
    """Return the settings of a file in which `check_settings` finds no mistake.

    Args:
        document: The whole file.
        folder: The file's folder; a relative `task_path` starts here.
    """
    settings = TypeAdapter(Settings).validate_python(_settings(document))
    path = settings.evaluate.task_path
    if path is None or Reference.parse(path).zoo:
        return settings
    located = replace(settings.evaluate, task_path=str(absolute_path(path, folder)))
    return replace(settings, evaluate=located)


def _settings(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: document[key] for key in SETTINGS if key in document}


def _note_section(kind: Any, node: Any, at: Path, problems: Problems) -> None:
    """Note unknown keys and wrong values of a section and of those inside it."""
    annotations = declared(kind)
    if not problems.known_keys(node, at, annotations):
        return
    refused = _refused(kind, node)
    for key in (key for key in annotations if key in refused):
        place, value, inner = (*at, key), node.get(key), section_of(annotations[key])
        if inner and is_list(annotations[key]) and isinstance(value, list) and value:
            for index, item in enumerate(value):
                _note_section(inner, item, (*place, index), problems)
        elif inner and not is_list(annotations[key]) and value is not None:
            _note_section(inner, value, place, problems)
        else:
            _note_value(key, node, at, kind, problems)


def _refused(kind: Any, node: Mapping[str, Any]) -> set[int | str]:
    """Return the keys of a section whose values, or whose lack, its declaration refuses."""
    try:
        TypeAdapter(kind).validate_python(node)
    except ValidationError as error:
        return {found["loc"][0] for found in error.errors()}
    return set()


def _note_value(key: str, node: Mapping[str, Any], at: Path, kind: Any, problems: Problems) -> None:
    """Note a setting that has no right value."""
    annotation, value = declared(kind)[key], node.get(key)
    choices, _ = plain(annotation)
    if get_origin(choices) is Literal:
        help = did_you_mean(str(value), get_args(choices))
        problems.add((*at, key), f"unknown {key} {value!r}", help=help)
        return
    meant = allowed(annotation)
    beside = {name: node.get(name) for name in declared(kind)}
    told = {**beside, "key": key, "words": meant.words, "got": show(value)}
    problems.add((*at, key), meant.sentence.format_map(told))


def _note_task_twice(document: Mapping[str, Any], folder: File, problems: Problems) -> None:
    at = ("evaluate", "tasks")
    entries = _found(document, at)
    names = [_found(entry, ("task",)) for entry in entries] if isinstance(entries, list) else []
    for index, name in enumerate(names):
        if isinstance(name, str) and name in names[:index]:
            problems.add((*at, index), f"task {name!r} stands twice")


def _note_folder(document: Mapping[str, Any], folder: File, problems: Problems) -> None:
    at = ("evaluate", "task_path")
    path = _found(document, at)
    if not isinstance(path, str) or Reference.parse(path).zoo:
        return
    if not (located := absolute_path(path, folder)).is_dir():
        problems.add(at, f"no such folder: {located}", help=f"a relative one starts at {folder}")


def _note_one_value(document: Mapping[str, Any], folder: File, problems: Problems) -> None:
    at = ("search", "sampler")
    sampler = _found(document, at)
    known = isinstance(sampler, str) and sampler in SAMPLERS
    if known and (wrong := misfit(sampler, document.get("objective", ""))):
        problems.add(at, wrong.what, help=wrong.help)


def _note_on_disk(document: Mapping[str, Any], folder: File, problems: Problems) -> None:
    at = ("workers", "mode")
    sampler = _found(document, ("search", "sampler"))
    known = isinstance(sampler, str) and sampler in SAMPLERS
    if known and (wrong := out_of_place(sampler, _found(document, at))):
        problems.add(at, wrong.what, help=wrong.help)


def _found(node: Any, path: Path) -> Any:
    """Return what stands in a document at a path, or None."""
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node
