"""Drawing of several rows on one axes: image grids, table rows as dots, colour bands or sparklines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from narrows.data.image_grid import as_rgb, tile
from narrows.insight.figures.style import COLOURS, FAINT, INK, as_words, value_colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_COLUMNS = 40
"""Maximum number of columns of a table to draw."""

_GAP = 0.08  # of an image's side


def grid_size(n_down: int, n_across: int, *, side: float = 0.6, captions: float = 1.1) -> tuple[float, float]:
    """Return width and height in inches for a grid of square images."""
    return min(11.0, n_across * side + captions), n_down * side + 0.5


def draw_images(
    ax: Axes,
    images: np.ndarray,
    *,
    captions: Sequence[str] = (),
    beneath: Sequence[str] = (),
    faded: np.ndarray | None = None,
) -> None:
    """Draw images (down, across, height, width, channels) in [0, 1].

    captions : labels of the lines.
    beneath : labels below the columns of images.
    faded : mask (down, across) of images to draw pale.
    """
    down, across, height, width, _ = images.shape
    gap = max(1, round(_GAP * max(height, width)))
    colour = as_rgb(images)
    if faded is not None:
        pale = np.where(faded, 0.25, 1.0)[:, :, None, None, None]
        colour = 1 - pale * (1 - colour)
    grid = tile(colour.reshape(-1, height, width, 3).astype(np.float32), columns=across, gap=gap)
    ax.imshow(grid, interpolation="none", aspect="equal")
    across_centres = [j * (width + gap) + (width - 1) / 2 for j in range(across)]
    ax.set_xticks(across_centres if len(beneath) else [], list(beneath))
    centres = [i * (height + gap) + (height - 1) / 2 for i in range(down)]
    ax.set_yticks(centres if len(captions) else [], [as_words(caption) for caption in captions])
    _bare(ax)


def draw_profiles(
    ax: Axes, series: Mapping[str, np.ndarray], names: Sequence[str], captions: Sequence[str] = ()
) -> None:
    """Draw rows of a table below each other, with a bar and a dot for each column.

    series : name -> (n, d) encoded floats; the first is drawn as bars, the others as dots.
    captions : labels of the rows.
    """
    first = next(iter(series.values()))
    n, d = first.shape[0], min(first.shape[1], MAX_COLUMNS)
    # A percentile, so that one outlier does not flatten all rows.
    reach = float(np.percentile(np.abs(first), 97)) or 1.0
    for i in range(n):
        ax.axhline(-i, color=FAINT, linewidth=0.8, zorder=0)
        for j, (name, rows) in enumerate(series.items()):
            y = -i + np.clip(rows[i, :d] / reach, -1.1, 1.1) * 0.45
            label = as_words(name) if i == 0 else "_"  # matplotlib leaves "_" out of the legend
            if j == 0:
                ax.vlines(np.arange(d), -i, y, color=COLOURS[j], linewidth=max(1.5, 120 / d), alpha=0.55, label=label)
            else:
                style = {"marker": "o", "markersize": 3.5, "linestyle": "none"}
                ax.plot(np.arange(d), y, color=COLOURS[2 if j == 1 else 4], label=label, **style)  # pyright: ignore[reportArgumentType]
    _name_columns(ax, names, d, first.shape[1])
    ax.set_yticks(-np.arange(n), list(captions) if len(captions) else [""] * n)
    ax.set_xlim(-0.7, d - 0.3)
    ax.legend(loc="upper left", bbox_to_anchor=(0, 1.02), ncols=len(series), borderaxespad=0)
    ax.set_ylim(-n + 0.4, 0.9)
    _bare(ax)


def draw_bands(ax: Axes, rows: np.ndarray, names: Sequence[str], captions: Sequence[str] = ()) -> None:
    """Draw rows of a table (n, d) as colour bands: blue below 0, orange above."""
    d = min(rows.shape[1], MAX_COLUMNS)
    low, high = float(rows.min()), float(rows.max())
    middle = 0.5 if low >= 0 and high <= 1 else 0.0
    reach = max(abs(high - middle), abs(low - middle), 1e-12)
    picture = ax.imshow(
        rows[:, :d], aspect="auto", cmap=value_colours(), vmin=middle - reach, vmax=middle + reach, interpolation="none"
    )
    _name_columns(ax, names, d, rows.shape[1])
    ax.set_yticks(np.arange(len(rows)), list(captions) if len(captions) else [""] * len(rows))
    ax.figure.colorbar(picture, ax=ax, shrink=0.7, pad=0.01)
    _bare(ax)


def draw_sparklines(ax: Axes, rows: np.ndarray, *, faded: np.ndarray | None = None) -> None:
    """Draw rows of a table (down, across, d) as small lines in a grid of cells."""
    from matplotlib.collections import LineCollection

    down, across, d = rows.shape
    low, high = float(rows.min()), float(rows.max())
    y = (rows - low) / (high - low or 1.0) * 0.8 + 0.1
    x = np.linspace(0.08, 0.92, d)
    lines, colours = [], []
    for i in range(down):
        for j in range(across):
            lines.append(np.column_stack([j + x, down - 1 - i + y[i, j]]))
            colours.append(FAINT if faded is not None and faded[i, j] else INK)
    ax.add_collection(LineCollection(lines, colors=colours, linewidths=0.9))
    ax.set(xlim=(0, across), ylim=(0, down), xticks=range(across + 1), yticks=range(down + 1))
    ax.set_xticklabels([])
    ax.set_yticklabels([])
    ax.grid(color=FAINT, linewidth=0.5)
    _bare(ax)


def _name_columns(ax: Axes, names: Sequence[str], d: int, of: int) -> None:
    longest = max((min(24, len(name)) for name in names[:d]), default=0)
    ax.set_xticks(np.arange(d), [as_words(name) for name in names[:d]], rotation=90 if d * longest > 70 else 0)
    if of > d:
        ax.set_xlabel(f"the first {d} of {of} columns")


def _bare(ax: Axes) -> None:
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
