"""The paper's figures with the results of this reproduction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from narrows.insight.figures.drawing import draw_images, grid_size
from narrows.insight.figures.style import COLOURS, FAINT, GREY, style
from narrows.reproductions.experiment import Picture
from narrows.reproductions.pictures import empty_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

N_IMAGES = 12
"""Number of test images in a picture."""


def images(name: str, task: str, rows: Mapping[str, np.ndarray], shape: tuple[int, int]) -> Picture:
    """Return a picture of test images, and of each method's reconstructions in a line below (Fig. 2)."""
    lines = {caption or "test images": np.clip(x[:N_IMAGES], 0, 1) for caption, x in rows.items()}
    stack = np.stack([x.reshape(-1, *shape, 1) for x in lines.values()])
    with style():
        width, height = grid_size(len(stack), stack.shape[1], side=0.55)
        drawn = empty_figure(width + 3.2, height)
        ax = drawn.subplots()
        draw_images(ax, stack, captions=list(lines))
        ax.set_yticks(ax.get_yticks(), list(lines))  # in full, draw_images shortens them
        ax.set_title(f"{task}: test images and their reconstructions")
    return Picture(name, f"{task}: test images and their reconstructions (squared error per image)", drawn, "png")


def learning_curves(
    name: str, task: str, lines: Mapping[str, np.ndarray], papers: Mapping[str, float | None]
) -> Picture:
    """Return a picture of the test error over training time for each method, the paper's error as a dashed line."""
    with style():
        drawn = empty_figure(6.8, 3.8)
        ax = drawn.subplots()
        for (method, course), colour in zip(lines.items(), COLOURS, strict=False):
            ax.plot(course[:, 0], course[:, 1], color=colour, label=method)
        for paper in {paper for paper in papers.values() if paper is not None}:
            ax.axhline(paper, color=GREY, linestyle="--", linewidth=1, label=f"the paper: {paper:g}")
        ax.set(
            xscale="log",
            yscale="log",
            xlabel="seconds of training, including pre-training",
            ylabel="squared error per image",
        )
        plain_ticks(ax)
        ax.set_title(f"{task}: test error during training")
        ax.legend()
    return Picture(name, f"{task}: squared error on test images by seconds of training", drawn)


def maps(name: str, task: str, codes: Mapping[str, np.ndarray], labels: np.ndarray) -> Picture:
    """Return a picture of two-dimensional codes, coloured by class (Fig. 3)."""
    with style():
        drawn = empty_figure(4.2 * len(codes), 4.4)
        for ax, (title, z) in zip(np.ravel(drawn.subplots(1, len(codes))), codes.items(), strict=True):
            for label in np.unique(labels):
                here = z[labels == label]
                ax.scatter(
                    here[:, 0], here[:, 1], s=2, color=COLOURS[int(label) % 10], label=f"{label}", rasterized=True
                )
                ax.text(*np.median(here, axis=0), f"{label}", weight="bold", ha="center", va="center")
            ax.set(title=title, xticks=[], yticks=[])
    return Picture(name, f"{task}: codes of test images, coloured by digit", drawn, "png")


def precision_curves(name: str, task: str, curves: Mapping[str, np.ndarray], retrieved: np.ndarray) -> Picture:
    """Return a picture of the precision over the number of retrieved documents (Fig. 4A)."""
    with style():
        drawn = empty_figure(6.0, 3.6)
        ax = drawn.subplots()
        for (method, precision), colour in zip(curves.items(), COLOURS, strict=False):
            ax.plot(retrieved, 100 * precision, color=colour, marker="o", markersize=3, label=method)
        ax.set(xscale="log", xlabel="retrieved documents", ylabel="% of the query's class", title=task)
        plain_ticks(ax)
        ax.grid(color=FAINT, linewidth=0.6)
        ax.legend()
    return Picture(name, f"{task}: fraction of retrieved test documents with the class of the query", drawn)


def plain_ticks(ax: Axes) -> None:
    """Set plain numbers as ticks of logarithmic axes."""
    from matplotlib.ticker import LogFormatter, LogLocator

    for axis in (ax.xaxis, ax.yaxis):
        if axis.get_scale() == "log":
            axis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
            axis.set_major_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(np.inf, np.inf)))
            axis.set_minor_formatter(lambda *_: "")
