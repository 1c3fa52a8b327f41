"""A picture of a recipe's numbers: for each input a map, kinds of tensors by layers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evomerge.methods.traits import traits
from evomerge.methods.types import is_number
from evomerge.recipe.document import Role, walk
from evomerge.recipe.recipe import Recipe
from evomerge.recipe.values import filtered

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURE = "weights.png"
"""File of a run's folder."""
_ALL, _REST = "all tensors", "all others"
_CELL_IN, _MARGIN_IN, _LETTER_IN = 0.24, 0.5, 0.075
_MOST = 12
"""Maps of one picture: the first ones."""
_WRITTEN = 8
"""Columns up to which the numbers are written into their cells."""


@dataclass(frozen=True)
class Map:
    """The values of one parameter of one input.

    Args:
        title: Such as `weight of rev`.
        rows: What the values of a row are for: a filter of mergekit's, or what is left.
        values: One row each, [r, c]: over the layers, from the first to the last.
    """

    title: str
    rows: tuple[str, ...]
    values: np.ndarray


def maps(recipe: Recipe, names: Mapping[str, str] | None = None) -> list[Map]:
    """Return a map for each parameter with a derivative that has filters or a gradient.

    A gradient with fewer anchors than another is drawn over as many layers, as mergekit
    interpolates it; a single value fills its row.

    Args:
        recipe: The recipe.
        names: Model reference → short name for the title.
    """
    shown = traits(recipe.method).differentiable
    found = []
    for visit in walk(recipe.document):
        if visit.role is not Role.PARAMETERS:
            continue
        for name, value in visit.value.items():
            if name in shown and isinstance(value, list):
                of = visit.tag
                for reference, short in (names or {}).items():
                    of = of.replace(reference, short)
                found.append((f"{name} of {of}" if of else name, _rows(value)))
    width = max((len(row) for _, rows in found for row in rows.values()), default=0)
    return [
        Map(title, tuple(rows), np.stack([_over(width, row) for row in rows.values()]))
        for title, rows in found
    ]


def draw(recipe: Recipe, file: Path, names: Mapping[str, str] | None = None) -> Path | None:
    """Write the maps of a recipe as one picture; return its path, or None where there are none.

    Args:
        recipe: The recipe.
        file: Where to write it: `.png`.
        names: Model reference → short name for the titles.
    """
    from matplotlib.figure import Figure

    found = maps(recipe, names)[:_MOST]
    if not found:
        return None
    columns = min(2, len(found))
    lines = -(-len(found) // columns)
    most = max(len(one.rows) for one in found)
    cells = max(one.values.shape[1] for one in found)
    letters = max(len(row) for one in found for row in one.rows)
    cell_in = _CELL_IN * (2 if cells <= _WRITTEN else 1)
    wide = max(cells * cell_in, 1.5) + letters * _LETTER_IN + _MARGIN_IN
    size = (columns * wide + 1.2, lines * (most * _CELL_IN + 2 * _MARGIN_IN))
    figure = Figure(figsize=size, layout="constrained")
    reach = max(float(np.abs(one.values).max()) for one in found) or 1.0
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    for axis, one in zip(axes, found, strict=False):
        _draw(axis, one, reach)
    for axis in axes[len(found) :]:
        axis.set_axis_off()
    figure.colorbar(axes[0].images[0], ax=list(axes), shrink=0.8, aspect=30)
    figure.savefig(file, dpi=130)
    return file


def _draw(axis: "Axes", one: Map, reach: float) -> None:
    """Draw one map: red above 0, blue below, white at 0."""
    axis.imshow(one.values, cmap="RdBu_r", vmin=-reach, vmax=reach, aspect="auto")
    axis.set_title(one.title, fontsize=9)
    axis.set_yticks(range(len(one.rows)), one.rows, fontsize=7)
    count = one.values.shape[1]
    if count == 1:
        axis.set_xticks([])
    else:
        every = max(1, count // 8)
        shown = range(0, count, every)
        axis.set_xticks(shown, list(map(str, shown)), fontsize=7)
        axis.set_xlabel("layer", fontsize=7)
    if count > _WRITTEN:
        return
    for (row, column), value in np.ndenumerate(one.values):
        ink = "white" if abs(value) > 0.6 * reach else "black"
        axis.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=6, color=ink)


def _rows(value: list[Any]) -> dict[str, list[float]]:
    """Return filter → anchors; a filter that stands twice counts where it stands first."""
    if all(map(is_number, value)):
        return {_ALL: [float(v) for v in value]}
    found: dict[str, list[float]] = {}
    for name, inner in filtered(value):
        anchors = inner if isinstance(inner, list) else [inner]
        if all(map(is_number, anchors)):
            found.setdefault(name or _REST, [float(v) for v in anchors])
    return found


def _over(width: int, anchors: list[float]) -> np.ndarray:
    """Return a gradient at `width` layers, the first and the last at its ends, [width]."""
    at = np.linspace(0, len(anchors) - 1, width)
    return np.interp(at, np.arange(len(anchors)), anchors)
