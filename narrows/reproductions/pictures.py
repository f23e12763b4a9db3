"""Pictures of several papers: grids of images or filters, and variances of code units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrows.insight.figures.drawing import draw_images, grid_size
from narrows.insight.figures.style import BLUE, GREY, style
from narrows.reproductions.experiment import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ACROSS = 10


def grey_images(name: str, caption: str, images: np.ndarray) -> Picture:
    """Return a picture of square grey images (n, side * side) in [0, 1], ten in a line."""
    side = round(images.shape[1] ** 0.5)
    images = images[: len(images) // _ACROSS * _ACROSS]
    stack = np.clip(images, 0, 1).reshape(-1, _ACROSS, side, side, 1)
    with style():
        drawn = empty_figure(*grid_size(len(stack), _ACROSS, side=0.5, captions=0.3))
        ax = drawn.subplots()
        draw_images(ax, stack)
        ax.set_title(caption)
    return Picture(name, caption, drawn, "png")


def filters(name: str, caption: str, weight: np.ndarray) -> Picture:
    """Return a picture of weights (n_units, side * side), each scaled to its extremes, 0 as middle grey."""
    reach = np.abs(weight).max(axis=1, keepdims=True)
    return grey_images(name, caption, 0.5 + weight / np.maximum(2 * reach, 1e-12))


def unit_variances(name: str, variances: np.ndarray, threshold: float) -> Picture:
    """Return a picture of the variance of each latent unit's posterior mean (k,), and the threshold of active units."""
    from matplotlib.ticker import NullLocator

    with style():
        drawn = empty_figure(6.4, 3.2)
        ax = drawn.subplots()
        ax.bar(np.arange(1, len(variances) + 1), np.sort(variances)[::-1], color=BLUE, width=0.8)
        ax.axhline(threshold, color=GREY, linestyle="--", linewidth=1, label=f"active above {threshold:g}")
        ax.set(yscale="log", xlabel="latent unit, the most active first", ylabel="variance of the posterior mean")
        ax.yaxis.set_minor_locator(NullLocator())
        ax.set_title("Active units of the code")
        ax.legend()
    return Picture(name, "Variance over the test images of each latent unit's posterior mean", drawn)


def empty_figure(width: float, height: float) -> Figure:
    """Return an empty figure that is not registered with pyplot."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")
