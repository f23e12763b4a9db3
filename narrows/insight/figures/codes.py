"""Figures of the code: map, decoded grid, interpolations and samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from narrows.insight.figures.display import Display
from narrows.insight.figures.drawing import draw_bands, draw_images, draw_sparklines, grid_size
from narrows.insight.figures.style import BLUE, COLOURS, GREY, as_words
from narrows.insight.payloads import codes, decoded_grid, interpolation, samples

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from narrows.estimators import Autoencoder

_FEW = 2000  # points; more are rasterized, which keeps files small
_FAR = 1.5  # steps of the grid; farther from all rows, decoded points are extrapolations


class CodesDisplay(Display):
    """Rows on the map of the code, coloured by class; payload: `codes`."""

    @classmethod
    def from_estimator(
        cls, model: Autoencoder, X: Any, y: Any = None, *, seed: int = 0, ax: Axes | None = None
    ) -> Self:
        """Draw the codes of X."""
        return cls(codes(model, X, y, seed=seed)).plot(ax)

    def size(self) -> tuple[float, float]:
        return 6.4, 5.2

    def _draw(self, ax: Axes) -> None:
        from matplotlib.patheffects import withStroke

        about, xy, label = self.payload.about, self.payload["xy"], self.payload["label"]
        dots = {"s": 10 if len(xy) < _FEW else 5, "linewidths": 0, "alpha": 0.7, "rasterized": len(xy) > _FEW}
        y = xy[:, 1] if about["n_components"] > 1 else _jitter(len(xy))
        names = about["classes"]
        # Ten colours are easy to distinguish; of more classes, the largest nine are coloured.
        order = np.argsort(-np.bincount(label[label >= 0], minlength=len(names)), kind="stable") if names else []
        named = sorted(order[: 9 if len(names) > 10 else 10])
        rest = np.isin(label, named, invert=True)
        if rest.any():
            rest_label = _rest(len(names) - len(named), bool((label < 0).any())) if names else None
            ax.scatter(xy[rest, 0], y[rest], color=GREY if names else BLUE, label=rest_label, **dots)
        legend_texts = []
        for i, c in enumerate(named):
            of = label == c
            legend_texts.append(f"{as_words(names[c])} ({of.sum():,})")
            ax.scatter(xy[of, 0], y[of], color=COLOURS[i], label=f"class {c}", **dots)
            if of.any():
                middle = float(np.median(xy[of, 0])), float(np.median(y[of]))
                text = ax.annotate(as_words(names[c]), middle, ha="center", va="center", fontsize=10, fontweight="bold")
                text.set_path_effects([withStroke(linewidth=3, foreground="white")])
        if names:
            legend = ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=2, handletextpad=0.2)
            # Set here, because matplotlib leaves out labels that begin with "_".
            for text, name in zip(legend.get_texts()[-len(named) :], legend_texts, strict=True):
                text.set_text(name)
        ax.set(xlabel=about["names"][0], ylabel=about["names"][1], title="Map of the code")
        if about["n_components"] == 1:
            ax.set_yticks([])


class DecodedGridDisplay(Display):
    """Decoded points of a grid on the map of the code, pale far from all rows; payload: `decoded_grid`."""

    @classmethod
    def from_estimator(
        cls, model: Autoencoder, X: Any, *, side: int = 15, seed: int = 0, ax: Axes | None = None
    ) -> Self:
        """Draw a grid of `side` x `side` decoded points over the codes of X."""
        return cls(decoded_grid(model, X, side=side, seed=seed)).plot(ax)

    def size(self) -> tuple[float, float]:
        return 6.2, 6.4

    def _draw(self, ax: Axes) -> None:
        payload = self.payload
        faded = payload["far"] > _FAR
        if payload.about["image_shape"] is None:
            draw_sparklines(ax, payload["decoded"], faded=faded)
        else:
            draw_images(ax, payload["decoded"], faded=faded)
        ax.set(xlabel=f"{payload.about['names'][0]} →", ylabel=f"{payload.about['names'][1]} →")
        ax.set_title("Decoded points of the map (pale: far from all rows)")


class InterpolationDisplay(Display):
    """Decoded points between the codes of two rows; payload: `interpolation`."""

    @classmethod
    def from_estimator(
        cls, model: Autoencoder, X: Any, *, n: int = 5, steps: int = 8, seed: int = 0, ax: Axes | None = None
    ) -> Self:
        """Draw the interpolation between `n` pairs of rows of X."""
        return cls(interpolation(model, X, n=n, steps=steps, seed=seed)).plot(ax)

    def size(self) -> tuple[float, float]:
        n, steps = self.payload["way"].shape[:2]
        if self.payload.about["image_shape"] is None:
            return 8.0, 0.28 * (steps + 2) + 1.6
        return grid_size(n, steps + 2, side=0.7, captions=0.4)

    def _draw(self, ax: Axes) -> None:
        start, way, end = (self.payload[name] for name in ("start", "way", "end"))
        if self.payload.about["image_shape"] is None:
            captions = ["first row", *[f"{share:.0%}" for share in np.linspace(0, 1, way.shape[1])], "second row"]
            draw_bands(ax, np.concatenate([start[:1], way[0], end[:1]]), self.payload.about["names"], captions)
            ax.set_title("Interpolation between the codes of two rows")
        else:
            draw_images(ax, np.concatenate([start[:, None], way, end[:, None]], axis=1))
            ax.set_title("Interpolation between the codes of two rows (left and right)")


class SamplesDisplay(Display):
    """Rows sampled from a variational model; payload: `samples`."""

    @classmethod
    def from_estimator(cls, model: Autoencoder, *, n: int = 64, seed: int = 0, ax: Axes | None = None) -> Self:
        """Draw `n` samples of a variational model."""
        return cls(samples(model, n=n, seed=seed)).plot(ax)

    def size(self) -> tuple[float, float]:
        drawn = self.payload["sample"]
        if drawn.ndim == 2:
            return 8.0, 0.16 * len(drawn) + 1.6
        across = math.ceil(math.sqrt(len(drawn)))
        return grid_size(math.ceil(len(drawn) / across), across, captions=0.3)

    def _draw(self, ax: Axes) -> None:
        drawn = self.payload["sample"]
        if drawn.ndim == 2:
            draw_bands(ax, drawn, self.payload.about["names"])
        else:
            across = math.ceil(math.sqrt(len(drawn)))
            missing = -len(drawn) % across
            blank = np.ones((missing, *drawn.shape[1:]), drawn.dtype)
            draw_images(ax, np.concatenate([drawn, blank]).reshape(-1, across, *drawn.shape[1:]))
        ax.set_title("Samples from the model")


def _rest(n_classes: int, some_without: bool) -> str:
    """Return the label of the grey points."""
    words = [f"{n_classes} other classes"] if n_classes else []
    return " and ".join([*words, *(["no class"] if some_without else [])])


def _jitter(n: int) -> np.ndarray:
    """Return random heights for the points of a one-dimensional code, so that they overlap less."""
    return np.random.default_rng(0).uniform(-1, 1, n)
