"""The code: its map, the lattice over it, the way between two rows, samples."""

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

_FEW = 2000  # points; more are drawn as one picture, so that a page does not carry each of them
_FAR = 1.5  # steps of the lattice: beyond, no row is near and the decoder guesses


class CodesDisplay(Display):
    """The rows on the map of the code, coloured by class; payload: `codes`."""

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
        # Ten colours can be told apart; of more classes the largest nine keep theirs.
        order = np.argsort(-np.bincount(label[label >= 0], minlength=len(names)), kind="stable") if names else []
        named = sorted(order[: 9 if len(names) > 10 else 10])
        rest = np.isin(label, named, invert=True)
        if rest.any():
            what = _rest(len(names) - len(named), bool((label < 0).any())) if names else None
            ax.scatter(xy[rest, 0], y[rest], color=GREY if names else BLUE, label=what, **dots)
        told = []
        for i, c in enumerate(named):
            of = label == c
            told.append(f"{as_words(names[c])} ({of.sum():,})")
            ax.scatter(xy[of, 0], y[of], color=COLOURS[i], label=f"class {c}", **dots)
            if of.any():
                middle = float(np.median(xy[of, 0])), float(np.median(y[of]))
                text = ax.annotate(as_words(names[c]), middle, ha="center", va="center", fontsize=10, fontweight="bold")
                text.set_path_effects([withStroke(linewidth=3, foreground="white")])
        if names:
            legend = ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=2, handletextpad=0.2)
            # Only now, since matplotlib leaves out labels that begin with "_".
            for text, name in zip(legend.get_texts()[-len(named) :], told, strict=True):
                text.set_text(name)
        ax.set(xlabel=about["names"][0], ylabel=about["names"][1], title="The map of the code")
        if about["n_components"] == 1:
            ax.set_yticks([])


class DecodedGridDisplay(Display):
    """What the decoder answers over the map of the code, pale where no row lies; payload: `decoded_grid`."""

    @classmethod
    def from_estimator(
        cls, model: Autoencoder, X: Any, *, side: int = 15, seed: int = 0, ax: Axes | None = None
    ) -> Self:
        """Draw a lattice of `side` x `side` decoded points over the codes of X."""
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
        ax.set_title("What the decoder answers over the map (pale: no row lies near)")


class InterpolationDisplay(Display):
    """The way in the code from one row to another, decoded; payload: `interpolation`."""

    @classmethod
    def from_estimator(
        cls, model: Autoencoder, X: Any, *, n: int = 5, steps: int = 8, seed: int = 0, ax: Axes | None = None
    ) -> Self:
        """Draw the way between `n` pairs of rows of X."""
        return cls(interpolation(model, X, n=n, steps=steps, seed=seed)).plot(ax)

    def size(self) -> tuple[float, float]:
        n, steps = self.payload["way"].shape[:2]
        if self.payload.about["image_shape"] is None:
            return 8.0, 0.28 * (steps + 2) + 1.6
        return grid_size(n, steps + 2, side=0.7, captions=0.4)

    def _draw(self, ax: Axes) -> None:
        start, way, end = (self.payload[name] for name in ("start", "way", "end"))
        if self.payload.about["image_shape"] is None:
            captions = ["a row", *[f"{share:.0%} of the way" for share in np.linspace(0, 1, way.shape[1])], "another"]
            draw_bands(ax, np.concatenate([start[:1], way[0], end[:1]]), self.payload.about["names"], captions)
            ax.set_title("From one row to another")
        else:
            draw_images(ax, np.concatenate([start[:, None], way, end[:, None]], axis=1))
            ax.set_title("From one row (left) to another (right)")


class SamplesDisplay(Display):
    """Rows that nobody recorded; payload: `samples`."""

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
        ax.set_title("Samples: rows that the model makes up")


def _rest(n_classes: int, some_without: bool) -> str:
    """What the grey points are."""
    words = [f"{n_classes} other classes"] if n_classes else []
    return " and ".join([*words, *(["no class"] if some_without else [])])


def _jitter(n: int) -> np.ndarray:
    """Heights for points of a code with one unit, so that they do not hide each other."""
    return np.random.default_rng(0).uniform(-1, 1, n)
