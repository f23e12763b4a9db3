"""Figures of single rows: reconstructions, denoising and error maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from narrows.data.image_grid import as_rgb
from narrows.insight.figures.display import Display
from narrows.insight.figures.drawing import draw_images, draw_profiles, grid_size
from narrows.insight.figures.style import error_colours
from narrows.insight.payloads import denoising, error_map, reconstructions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from narrows.estimators import Autoencoder
    from narrows.model import Corruption


class ReconstructionDisplay(Display):
    """Rows above their reconstructions; payload: `reconstructions`."""

    @classmethod
    def from_estimator(cls, model: Autoencoder, X: Any, *, n: int = 10, seed: int = 0, ax: Axes | None = None) -> Self:
        """Draw `n` rows of X, of all classes if X has labels."""
        return cls(reconstructions(model, X, n=n, seed=seed)).plot(ax)

    def size(self) -> tuple[float, float]:
        return _size(self, ("original", "rebuilt"))

    def _draw(self, ax: Axes) -> None:
        _lines(ax, self, {"original": "original", "rebuilt": "reconstruction"})
        ax.set_title("Rows and their reconstructions")


class DenoisingDisplay(Display):
    """Clean rows, the same rows with noise, and denoised; payload: `denoising`."""

    @classmethod
    def from_estimator(
        cls,
        model: Autoencoder,
        X: Any,
        *,
        n: int = 8,
        corruption: str | Corruption | None = None,
        level: float | None = None,
        seed: int = 0,
        ax: Axes | None = None,
    ) -> Self:
        """Draw `n` rows of X with the given noise, by default that of the training."""
        return cls(denoising(model, X, n=n, corruption=corruption, level=level, seed=seed)).plot(ax)

    def size(self) -> tuple[float, float]:
        return _size(self, ("clean", "noisy", "denoised"))

    def _draw(self, ax: Axes) -> None:
        before, after = (self.payload.about[f"psnr_{which}"] for which in ("noisy", "denoised"))
        _lines(ax, self, {"clean": "clean", "noisy": "noisy", "denoised": "denoised"})
        ax.set_title(f"Denoising: PSNR {before:.1f} dB before, {after:.1f} dB after")


class ErrorMapDisplay(Display):
    """Rows with the largest errors, and the error of each pixel or float; payload: `error_map`."""

    @classmethod
    def from_estimator(cls, model: Autoencoder, X: Any, *, n: int = 6, seed: int = 0, ax: Axes | None = None) -> Self:
        """Draw the `n` rows of X with the largest errors, on one colour scale."""
        return cls(error_map(model, X, n=n, seed=seed)).plot(ax)

    def size(self) -> tuple[float, float]:
        width, height = _size(self, ("original", "rebuilt", "map"))
        return width + 0.7, height

    def _draw(self, ax: Axes) -> None:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize

        payload = self.payload
        captions = [f"row {p}\nerror {e:.3g}" for p, e in zip(payload["position"], payload["error"], strict=True)]
        if payload.about["image_shape"] is None:
            series = {"original": payload["original"], "reconstruction": payload["rebuilt"]}
            draw_profiles(ax, series, payload.about["names"], captions)
        else:
            scale = ScalarMappable(Normalize(0, float(payload["map"].max()) or 1.0), error_colours())
            colours = np.asarray(scale.cmap(scale.norm(payload["map"])), np.float32)[..., :3]
            lines = [as_rgb(payload["original"]), as_rgb(payload["rebuilt"]), colours]
            draw_images(ax, np.stack(lines), captions=("original", "reconstruction", "squared error"), beneath=captions)
            ax.figure.colorbar(scale, ax=ax, shrink=0.8, pad=0.02)
        ax.set_title("Rows with the largest errors")


def _size(display: Display, lines: tuple[str, ...]) -> tuple[float, float]:
    first = display.payload[lines[0]]
    if first.ndim == 4:
        return grid_size(len(lines), len(first), side=0.75)
    return 8.0, 0.75 * len(first) + 1.6


def _lines(ax: Axes, display: Display, lines: dict[str, str]) -> None:
    about = display.payload.about
    series = {caption: display.payload[name] for name, caption in lines.items()}
    if about["image_shape"] is None:
        captions = [f"row {position}" for position in display.payload["position"]]
        draw_profiles(ax, series, about["names"], captions)
        ax.set_xlabel(ax.get_xlabel() or f"columns ({about['unit']})")
    else:
        draw_images(ax, np.stack(list(series.values())), captions=tuple(series))
