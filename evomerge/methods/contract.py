"""Hold what is to be merged against a merge method's contract; the one place that does."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from evomerge.methods.table import Method


@dataclass(frozen=True)
class Inputs:
    """Models that are merged with each other, as far as they are known.

    Args:
        models: How many are listed.
        has_base: Whether there is a base model.
        base_is_listed: Whether the base is one of them; None if that is open.
        base_is_added: Whether mergekit adds a base that is not listed, as for `models:`.
    """

    models: int
    has_base: bool
    base_is_listed: bool | None
    base_is_added: bool = True


@dataclass(frozen=True)
class Breach:
    """A term of a contract that inputs do not meet.

    Args:
        term: `base`: there is none; `listed base`: it is not among the sources of a slice;
            `models`, `models beside the base`: their number is wrong.
        got: The number of models.
        low: The least that the contract takes.
        high: The most, or None.
    """

    term: Literal["base", "listed base", "models", "models beside the base"]
    got: int = 0
    low: int = 0
    high: int | None = None

    @property
    def lacks_base(self) -> bool:
        """Whether the base is what lacks; nothing else is known then."""
        return self.term in ("base", "listed base")

    @property
    def wanted(self) -> str:
        """The numbers that the contract takes, in words."""
        if self.high is None:
            return f"at least {self.low}"
        return f"exactly {self.low}" if self.high == self.low else f"{self.low} to {self.high}"


def breaches(method: Method, inputs: Inputs) -> list[Breach]:
    """Return the terms that are not met for certain; without the base it needs, that alone."""
    if method.base == "required" and not inputs.has_base:
        return [Breach("base")]
    if method.base == "required" and not inputs.base_is_added and inputs.base_is_listed is False:
        return [Breach("listed base")]
    if inputs.base_is_added and inputs.base_is_listed is None:
        return []  # the numbers depend on it
    added = inputs.has_base and inputs.base_is_added and not inputs.base_is_listed
    count = inputs.models + added
    others = count - (inputs.has_base and (added or bool(inputs.base_is_listed)))
    found = [Breach("models", count, method.min_inputs, method.max_inputs)]
    if method.min_non_base is not None:
        limits = (method.min_non_base, method.max_non_base)
        found.append(Breach("models beside the base", others, *limits))
    return [b for b in found if b.got < b.low or (b.high is not None and b.got > b.high)]


@dataclass(frozen=True)
class Missing:
    """A parameter without a default that nothing sets.

    Args:
        parameter: Its name.
        place: Index of the model that lacks it, `base` for a base that mergekit adds, or `merge`
            for one value of the whole.
    """

    parameter: str
    place: int | Literal["base", "merge"]


def missing(
    method: Method,
    shared: Collection[str],
    own: Sequence[Collection[str]],
    base: int | None,
    *,
    adds_base: bool,
) -> Iterator[Missing]:
    """Yield the required parameters that are not set.

    Args:
        method: The method.
        shared: Names of the parameters set for all models.
        own: Names of those set for each listed model.
        base: Index of the base among these, or None.
        adds_base: Whether mergekit adds a base that is not listed.
    """
    for parameter in method.parameters.values():
        if not parameter.required or parameter.name in shared:
            continue
        if parameter.scope == "shared":
            yield Missing(parameter.name, "merge")
            continue
        for index, names in enumerate(own):
            exempt = index == base and parameter.scope == "non_base"
            if parameter.name not in names and not exempt:
                yield Missing(parameter.name, index)
        if adds_base and parameter.scope == "input":
            yield Missing(parameter.name, "base")
