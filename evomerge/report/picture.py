"""A picture of a recipe's numbers: for each input a map, kinds of tensors by layers."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evomerge.files import write_whole
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
_MOST, _MOST_ROWS = 12, 30
"""Maps of one picture, and rows of one map: the first ones."""
_WIDEST_IN, _LONGEST = 14, 40
"""Inches of a map's cells, and letters of a row's name, of which the last are shown."""
_DPI, _MOST_PIXELS = 130, 8e6
"""Pixels of an inch, and of a picture; a large one has fewer an inch."""
_WRITTEN, _MOST_WRITTEN = 8, 400
"""Columns of a map, and cells of a picture, up to which numbers are written into the cells."""


@dataclass(frozen=True)
class Map:
    """The values of one parameter of one input.

    Args:
        title: Such as `weight of rev`.
        rows: What the values of a row are for: a filter of mergekit's, or what is left.
        values: One row each, [r, c]: over the layers, from the first to the last.
        across: What the columns are: `layer`, each one, or points of the `depth`.
    """

    title: str
    rows: tuple[str, ...]
    values: np.ndarray
    across: str = "depth"


def maps(
    recipe: Recipe, names: Mapping[str, str] | None = None, layers: int | None = None
) -> list[Map]:
    """Return a map for each parameter with a derivative that has filters or a gradient.

    A gradient with fewer anchors than another is drawn over as many points, as mergekit
    interpolates it; a single value fills its row.

    Args:
        recipe: The recipe.
        names: Model reference → short name for the title.
        layers: How many layers its models have, or None where that is not known; a recipe of
            slices or modules has several stacks, over whose depth it is drawn.
    """
    shown = traits(recipe.method).differentiable
    found, model = [], ""
    for visit in walk(recipe.document):
        if visit.role is Role.NODE:
            model = str(visit.value.get("model", ""))
        if visit.role is not Role.PARAMETERS:
            continue
        of = visit.tag
        if visit.kind == "input":
            of = of.removesuffix(model) + (names or {}).get(model, model)
        for name, value in visit.value.items():
            if name in shown and isinstance(value, list | Mapping) and (rows := _rows(value)):
                found.append((f"{name} of {of}" if of else name, rows))
    layers = layers if "models" in recipe.document else None
    width = max((len(row) for _, rows in found for row in rows.values()), default=0)
    width, across = (layers, "layer") if layers and width > 1 else (width, "depth")
    return [
        Map(title, tuple(rows), np.stack([_over(width, row) for row in rows.values()]), across)
        for title, rows in found
    ]


def draw(
    recipe: Recipe,
    file: Path,
    names: Mapping[str, str] | None = None,
    layers: int | None = None,
) -> Path | None:
    """Write the maps of a recipe as one picture; return its path, or None where there are none.

    Its size is bounded: of many maps and rows the first are drawn, and it says of how many.

    Args:
        recipe: The recipe.
        file: Where to write it: `.png`. One of an earlier recipe goes where there is none now.
        names: Model reference → short name for the titles.
        layers: As for `maps`.
    """
    from matplotlib.figure import Figure

    file.unlink(missing_ok=True)
    every = maps(recipe, names, layers)
    if not every:
        return None
    found = [_cut(one) for one in every[:_MOST]]
    columns = min(2, len(found))
    lines = -(-len(found) // columns)
    most = max(len(one.rows) for one in found)
    cells = max(one.values.shape[1] for one in found)
    letters = max(len(row) for one in found for row in one.rows)
    cell_in = _CELL_IN * (2 if cells <= _WRITTEN else 1)
    wide = min(max(cells * cell_in, 1.5), _WIDEST_IN) + letters * _LETTER_IN + _MARGIN_IN
    size = (columns * wide + 1.2, lines * (most * _CELL_IN + 2 * _MARGIN_IN))
    figure = Figure(figsize=size, layout="constrained")
    reach = max(float(np.abs(one.values).max()) for one in found) or 1.0
    written = cells <= _WRITTEN and sum(one.values.size for one in found) <= _MOST_WRITTEN
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    for axis, one in zip(axes, found, strict=False):
        _draw(axis, one, reach, written)
    for axis in axes[len(found) :]:
        axis.set_axis_off()
    figure.colorbar(axes[0].images[0], ax=list(axes), shrink=0.8, aspect=30)
    if len(every) > len(found):
        figure.suptitle(f"the first {len(found)} of {len(every)} maps", fontsize=9)
    drawn = io.BytesIO()
    dpi = min(_DPI, (_MOST_PIXELS / (size[0] * size[1])) ** 0.5)
    figure.savefig(drawn, dpi=dpi, format="png")
    write_whole(file, drawn.getvalue())
    return file


def _cut(one: Map) -> Map:
    """Return a map of the first rows, the names of which are not too long."""
    count = len(one.rows)
    more = f" (the first {_MOST_ROWS} of {count} rows)" if count > _MOST_ROWS else ""
    rows = [row if len(row) <= _LONGEST else f"…{row[1 - _LONGEST :]}" for row in one.rows]
    return Map(
        one.title + more, tuple(rows[:_MOST_ROWS]), one.values[:_MOST_ROWS], across=one.across
    )


def _draw(axis: "Axes", one: Map, reach: float, written: bool) -> None:
    """Draw one map: red above 0, blue below, white at 0."""
    axis.imshow(one.values, cmap="RdBu_r", vmin=-reach, vmax=reach, aspect="auto")
    axis.set_title(one.title, fontsize=9)
    axis.set_yticks(range(len(one.rows)), one.rows, fontsize=7)
    count = one.values.shape[1]
    if count > 1 and one.across == "layer":
        shown = range(0, count, max(1, count // 8))
        axis.set_xticks(shown, list(map(str, shown)), fontsize=7)
    else:
        axis.set_xticks([])
    axis.set_xlabel(one.across if count > 1 else "", fontsize=7)
    for (row, column), value in np.ndenumerate(one.values) if written else ():
        ink = "white" if abs(value) > 0.6 * reach else "black"
        axis.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=6, color=ink)


def _rows(value: Any) -> dict[str, list[float]]:
    """Return filter → anchors; a filter that stands twice counts where it stands first."""
    entries = list(filtered(value)) or [(_ALL, value)]
    found: dict[str, list[float]] = {}
    for name, inner in entries:
        anchors = inner if isinstance(inner, list) else [inner]
        if anchors and all(map(is_number, anchors)):
            found.setdefault(name or _REST, [float(v) for v in anchors])
    return found


def _over(width: int, anchors: list[float]) -> np.ndarray:
    """Return a gradient at `width` layers, the first and the last at its ends, [width]."""
    at = np.linspace(0, len(anchors) - 1, width)
    return np.interp(at, np.arange(len(anchors)), anchors)
