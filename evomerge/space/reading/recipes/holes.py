"""Read a value or a hole: the one place where a recipe's file may give either."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evomerge.errors import did_you_mean
from evomerge.methods.types import is_int
from evomerge.space.domains import ChoiceDomain
from evomerge.space.hole import EACH, Hole, ends
from evomerge.space.places import Path
from evomerge.space.problems import Problems, show
from evomerge.space.reading.recipes.domains import KINDS, read_domain

SHAPE = ("layers", "modules", "tensors")
"""What a hole in merge parameters may say of the tensors that get a value of their own."""


def is_hole(value: Any) -> bool:
    """Whether a value of the file is meant as a hole."""
    return isinstance(value, Mapping) and any(kind in value for kind in KINDS)


def read_value(
    node: Any,
    path: Path,
    problems: Problems,
    right: Callable[[Any], bool],
    wanted: str,
    *,
    in_parameters: bool = False,
) -> Any:
    """Read a value, or a hole that can take nothing but right ones.

    Args:
        node: What stands in the file.
        path: Where it stands.
        problems: Takes the mistakes.
        right: Whether a value may stand there.
        wanted: What may, as the message begins: `blocks must be a whole number`.
        in_parameters: Whether a hole may have `layers`, `modules` and `tensors`.

    Returns:
        The value or the `Hole`; None if it is wrong.
    """
    if is_hole(node):
        hole = read_hole(node, path, problems, in_parameters=in_parameters)
        if hole is None or hole.domain.takes_only(right):
            return hole
    elif right(node):
        return node
    problems.add(path, f"{wanted}, got {show(node)}")
    return None


def read_name(
    node: Any, path: Path, problems: Problems, known: Sequence[str], what: str = ""
) -> str | Hole | None:
    """Read one of some known names, or a choice among them.

    Args:
        node: What stands in the file.
        path: Where it stands.
        problems: Takes the mistakes.
        known: The names.
        what: What they name, if its key does not say it.

    Returns:
        The name or the `Hole`; None if it is wrong.
    """
    what = what or str(path[-1])
    found: str | Hole = node
    if is_hole(node):
        hole = read_hole(node, path, problems, in_parameters=False)
        if hole is None:
            return None
        if not isinstance(hole.domain, ChoiceDomain):
            problems.add(path, f"{what} takes a choice, not a range")
            return None
        found = hole
    for name in ends(found):
        if name not in known:
            problems.add(path, f"unknown {what} {name!r}", help=did_you_mean(str(name), known))
            return None
    return found


def read_hole(
    value: Mapping[str, Any], path: Path, problems: Problems, *, in_parameters: bool
) -> Hole | None:
    """Read a hole, noting its mistakes.

    Args:
        value: The mapping in the file.
        path: Where it stands.
        problems: Takes the mistakes.
        in_parameters: Whether `layers`, `modules`, `tensors` make sense here: only merge
            parameters take gradients and filters.

    Returns:
        The hole, or None if it is wrong.
    """
    kinds = [kind for kind in KINDS if kind in value]
    if len(kinds) != 1:
        problems.add(path, f"a hole has one of float, int, choice, got {' and '.join(kinds)}")
        return None
    kind = kinds[0]
    allowed = [kind, "name", *(SHAPE if in_parameters else ()), *KINDS[kind]]
    if set(value) - set(allowed):
        problems.known_keys(value, path, allowed)
        return None
    shape = _read_shape(value, path, problems)
    if shape is None:
        return None
    domain = read_domain(kind, value, path, problems)
    return None if domain is None else Hole(domain, **shape, path=path)


def _read_shape(value: Mapping[str, Any], path: Path, problems: Problems) -> dict[str, Any] | None:
    """Read what a hole says beside its domain."""
    found = {word: value.get(word) for word in (*SHAPE, "name")}
    if wrong := _wrong_shape(found):
        problems.add((*path, wrong[0]), wrong[1], help=wrong[2])
        return None
    each = tuple(word for word in SHAPE if found[word] == EACH)
    return {
        "layers": None if "layers" in each else found["layers"],
        "modules": () if "modules" in each else tuple(found["modules"] or ()),
        "name": found["name"],
        "each": each,
    }


def _wrong_shape(found: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Return key, mistake and help of the first that is wrong, or None."""
    layers, modules, tensors, name = (found[word] for word in (*SHAPE, "name"))
    if not (layers in (None, EACH) or (is_int(layers) and layers >= 2)):
        wanted = "layers must be a whole number of at least 2, or each"
        return "layers", f"{wanted}, got {layers!r}", _meant(layers)
    if isinstance(modules, str) and modules != EACH:
        what = f"modules must be a list of names, or each, got {show(modules)}"
        return "modules", what, f"write [{modules}]"
    if modules not in (None, EACH) and not (
        isinstance(modules, list) and all(isinstance(m, str) and m for m in modules)
    ):
        return "modules", f"modules must be a list of names, or each, got {show(modules)}", ""
    if isinstance(modules, list) and len(set(modules)) < len(modules):
        return "modules", f"a module stands twice in {show(modules)}", ""
    if tensors not in (None, EACH):
        return "tensors", f"tensors must be each, got {show(tensors)}", _meant(tensors)
    if tensors and (layers or modules):
        other = "layers" if layers else "modules"
        what = f"tensors: each has a value for every layer and module, and takes no {other} beside"
        return other, what, f"leave out {other}, or tensors"
    if name is not None and not (isinstance(name, str) and name):
        return "name", f"name must be text, got {show(name)}", ""
    return None


def _meant(word: Any) -> str:
    return f"did you mean {EACH!r}?" if isinstance(word, str) else ""
