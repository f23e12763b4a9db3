"""The style of all figures: colours for colour-blind readers, plain axes, text as text in SVG."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

# Petroff (2021), "Accessible color sequences for data visualization"; matplotlib's "petroff10".
COLOURS = (
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6"),
    *("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
)
BLUE, AMBER, RED, GREY = COLOURS[0], COLOURS[1], COLOURS[2], COLOURS[8]
INK, FAINT = "#2b2f38", "#d9dce3"

_SETTINGS: dict[str, Any] = {
    "font.size": 9,
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.edgecolor": "#8b909b",
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": "#5d636f",
    "ytick.color": "#5d636f",
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.8,
    "svg.fonttype": "none",
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the style of narrows inside this block."""
    import matplotlib as mpl
    from cycler import cycler

    with mpl.rc_context({**_SETTINGS, "axes.prop_cycle": cycler(color=COLOURS)}):  # pyright: ignore[reportArgumentType]
        yield


def as_words(text: str, most: int = 24) -> str:
    """Return a name from the data for matplotlib: short, on one line, with dollar signs escaped."""
    text = " ".join(text.encode("utf-8", "backslashreplace").decode().split())
    return (text if len(text) <= most else text[: most - 1] + "…").replace("$", r"\$")


def error_colours() -> Colormap:
    """Return the colour map of errors, from white for 0 to dark red."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("narrows.error", ["#ffffff", "#f3b7a8", RED, "#5d0f00"])


def value_colours() -> Colormap:
    """Return the colour map of values: blue below the middle, white in it, orange above."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("narrows.value", ["#0b5cad", "#ffffff", "#b4530a"])


def as_svg(figure: Figure, *, salt: str) -> str:
    """Return a figure as an <svg> element, byte for byte the same for the same figure.

    salt : makes the ids unique among the figures of a page.
    """
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": salt, "svg.fonttype": "none"}), warnings.catch_warnings():
        # The fonts of the reader draw the text.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]
