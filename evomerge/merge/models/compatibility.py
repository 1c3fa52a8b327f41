"""Check the parents before the first trial: files whole, one architecture, one shape."""

from collections.abc import Iterator, Mapping
from functools import partial

from evomerge.errors import InputError, attempt, raise_together
from evomerge.merge.models.metadata import Metadata, read_metadata
from evomerge.merge.models.needed import needed_weights, stored_name


def check_parents(
    locations: Mapping[str, str], *, slices: bool = False, own_tokenizers: bool = False
) -> dict[str, Metadata]:
    """Check that the parents can be merged with each other; read headers and configs only.

    Args:
        locations: Reference as the space writes it → folder, hub id, or `X+adapter`.
        slices: Every recipe takes layers by `slices`, so that depths may differ.
        own_tokenizers: Every recipe sets `tokenizer_source` or `tokenizer`, so that
            vocabularies may differ.

    Returns:
        Reference → metadata, in the order of `locations`.

    Raises:
        InputError: Everything that is wrong, at once.
    """
    found: list[InputError] = []
    read = {r: attempt(partial(read_metadata, r, at), found) for r, at in locations.items()}
    models = {reference: metadata for reference, metadata in read.items() if metadata is not None}
    for other in list(models.values())[1:]:
        attempt(partial(compare, next(iter(models.values())), other, slices, own_tokenizers), found)
    raise_together(found)
    return models


def compare(a: Metadata, b: Metadata, slices: bool = False, own_tokenizers: bool = False) -> None:
    """Check that two parents can be merged with each other; see `check_parents`.

    Raises:
        InputError: Everything that keeps them apart, at once.
    """
    where = f"{a.reference} and {b.reference}"
    if a.architecture != b.architecture:
        raise InputError(
            f"different architectures, {a.architecture} and {b.architecture}", where=where
        )
    if a.layers != b.layers and not slices:
        raise InputError(
            f"different depths, {a.layers} and {b.layers} layers",
            where=where,
            help="only recipes with slices can mix depths",
        )
    found: list[InputError] = []
    for check in (_compare_vocabularies, _compare_shapes):
        attempt(partial(check, a, b, where, own_tokenizers), found)
    raise_together(found)


def _compare_vocabularies(a: Metadata, b: Metadata, where: str, own_tokenizers: bool) -> None:
    if a.vocab_size != b.vocab_size and not own_tokenizers:
        raise InputError(
            f"different vocabularies, {a.vocab_size} and {b.vocab_size} tokens",
            where=where,
            help="set tokenizer_source: union or base in every recipe",
        )


def _compare_shapes(a: Metadata, b: Metadata, where: str, own_tokenizers: bool) -> None:
    """Compare tensor by tensor; vocabularies that may differ or were named already do not count."""
    any_vocabulary = own_tokenizers or a.vocab_size != b.vocab_size
    for name, vocabulary_axis, shape_a, shape_b in _shared_tensors(a, b):
        if vocabulary_axis is not None and any_vocabulary:
            shape_a = shape_a[:vocabulary_axis] + shape_a[vocabulary_axis + 1 :]
            shape_b = shape_b[:vocabulary_axis] + shape_b[vocabulary_axis + 1 :]
        if shape_a != shape_b:
            raise InputError(
                f"different shapes, {name} is {list(shape_a)} and {list(shape_b)}",
                where=where,
                help="only models of one shape can be merged",
            )


def _shared_tensors(
    a: Metadata, b: Metadata
) -> Iterator[tuple[str, int | None, tuple[int, ...], tuple[int, ...]]]:
    shapes_a, shapes_b = a.weights.shapes, b.weights.shapes
    needed = needed_weights(a.config)
    for weight in needed:
        name_a, name_b = stored_name(weight, shapes_a), stored_name(weight, shapes_b)
        if name_a is not None and name_b is not None:
            yield weight.name, weight.vocabulary_axis, shapes_a[name_a], shapes_b[name_b]
    if not needed and a.vocab_size == b.vocab_size:
        for name in shapes_a.keys() & shapes_b.keys():
            yield name, None, shapes_a[name], shapes_b[name]
