"""What each sampler can do, as data: reading, advice, docs and the search follow from it.

A sampler's code is `evomerge/search/samplers/NAME.py`; its line here needs no Optuna to be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from evomerge.errors import InputError


@dataclass(frozen=True)
class Abilities:
    """What a sampler can search. All else it draws at random, or it is refused.

    Args:
        about: What it is, for people.
        choices: Whether it searches choices, not only numbers.
        conditional: Whether it searches parameters that only some recipes have.
        pareto: Whether it takes several objectives.
        parallel: Whether trials that still run shape its next proposal. One that cannot asks
            for several trials as a population would: each without knowledge of the others.
        gradient: Whether it asks trials for the gradient of their loss.
    """

    about: str
    choices: bool
    conditional: bool
    pareto: bool
    parallel: bool
    gradient: bool = False


SAMPLERS: Mapping[str, Abilities] = {
    "tpe": Abilities("tree-structured Parzen estimators", True, True, True, True),
    "cmaes": Abilities("covariance matrix adaptation", False, False, False, False),
    "nsga2": Abilities("a genetic algorithm", True, False, True, False),
    "gp": Abilities("a Gaussian process", True, False, True, True),
    "gradient": Abilities(
        "steps down the gradient of the loss", True, True, False, True, gradient=True
    ),
    "random": Abilities("uniform draws, for comparison", True, True, True, False),
}

if TYPE_CHECKING:
    Sampler = str
else:
    Sampler = Literal[tuple(SAMPLERS)]
    """Name of a sampler."""


def misfit(sampler: str, objective: str) -> InputError | None:
    """Return what is wrong with a sampler for an objective, or None.

    Args:
        sampler: One of `SAMPLERS`.
        objective: `pareto`, or one value.
    """
    if objective != "pareto" or SAMPLERS[sampler].pareto:
        return None
    return InputError(
        f"{sampler} searches for one value, but the objective is pareto",
        help=f"take {' or '.join(takes_pareto())}, or another objective",
    )


def out_of_place(sampler: str, mode: str) -> InputError | None:
    """Return what is wrong with a sampler where merges are made as `workers.mode` says, or None.

    Args:
        sampler: One of `SAMPLERS`.
        mode: `memory` or `disk`.
    """
    if mode != "disk" or not SAMPLERS[sampler].gradient:
        return None
    others = " or ".join(name for name, can in SAMPLERS.items() if not can.gradient)
    return InputError(
        f"{sampler} needs the merge in memory, but workers.mode is disk",
        help=f"leave mode out, or take {others}",
    )


def takes_pareto() -> tuple[str, ...]:
    """Return the samplers that take several objectives."""
    return tuple(name for name, can in SAMPLERS.items() if can.pareto)


def markdown_table() -> str:
    """Return the samplers and their abilities as the table that docs/space.md shows."""
    header = ("sampler", "what it is", "choices", "conditional", "pareto", "running trials")
    rows = [
        (
            f"`{name}`",
            can.about,
            *map(_yes, (can.choices, can.conditional, can.pareto, can.parallel)),
        )
        for name, can in SAMPLERS.items()
    ]
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _yes(can: bool) -> str:
    return "yes" if can else "no"
