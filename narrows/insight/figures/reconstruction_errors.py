"""Figures of reconstruction errors: histogram, errors by column, and detection curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from narrows.insight.figures.display import Display
from narrows.insight.figures.style import AMBER, BLUE, FAINT, GREY, INK, RED, as_words, error_colours
from narrows.insight.payloads import detection_curves, error_by_column, error_histogram

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from narrows.estimators import Autoencoder

_MAX_BARS = 25


class ErrorHistogramDisplay(Display):
    """Histogram of the errors, and a threshold; payload: `error_histogram`."""

    @classmethod
    def from_estimator(
        cls,
        model: Autoencoder,
        X: Any,
        y: Any = None,
        *,
        quantile: float = 0.95,
        bins: int = 40,
        seed: int = 0,
        ax: Axes | None = None,
    ) -> Self:
        """Draw the errors of X; y is 1 for anomalies and 0 for other rows, if known."""
        return cls(error_histogram(model, X, y, quantile=quantile, bins=bins, seed=seed)).plot(ax)

    def _draw(self, ax: Axes) -> None:
        about, edges = self.payload.about, self.payload["edges"]
        widths, left = np.diff(edges), edges[:-1]
        known = about["has_anomalies"]
        ax.bar(
            left, self.payload["counts"], widths, align="edge", color=BLUE, alpha=0.8, label="normal" if known else None
        )
        if known:
            ax.stairs(self.payload["anomalous"], edges, color=RED, linewidth=1.6, label="anomalous")
        threshold = about["threshold"]
        ax.axvline(threshold, color=INK, linewidth=1.2, linestyle="--")
        which = "of the normal rows" if known else "of the rows"
        ax.annotate(
            f"{about['quantile']:.0%} {which} are below {threshold:.4g}\n{about['above']:,} rows above",
            (threshold, 0.97),
            xycoords=("data", "axes fraction"),
            xytext=(5, 0),
            textcoords="offset points",
            va="top",
            fontsize=8,
        )
        tail = " (last bar: all larger errors)" if about["cut"] else ""
        ax.set(
            xlabel=f"reconstruction error{tail}\n{as_words(about['unit'], 120)}",
            ylabel="rows",
            title="Reconstruction errors",
        )
        if known:
            ax.legend(loc="center right")


class ColumnErrorDisplay(Display):
    """Error of each column or pixel, and of predicting the mean; payload: `error_by_column`."""

    @classmethod
    def from_estimator(cls, model: Autoencoder, X: Any, *, seed: int = 0, ax: Axes | None = None) -> Self:
        """Draw the errors of the columns of X, the largest first."""
        return cls(error_by_column(model, X, seed=seed)).plot(ax)

    def size(self) -> tuple[float, float]:
        if self.payload.about["names"] is None:
            return 4.4, 3.8
        return 6.4, 0.2 * min(_MAX_BARS, len(self.payload["error"])) + 1.2

    def _draw(self, ax: Axes) -> None:
        if self.payload.about["names"] is None:
            self._draw_pixels(ax)
            return
        names = self.payload.about["names"][:_MAX_BARS]
        error, spread = (self.payload[name][:_MAX_BARS] for name in ("error", "spread"))
        positions = np.arange(len(names))
        ax.barh(positions, spread, height=0.82, color=FAINT, label="predicting the mean")
        ax.barh(positions, error, height=0.46, color=BLUE, label="model")
        ax.set_yticks(positions, [as_words(name, 30) for name in names])
        ax.invert_yaxis()
        ax.set_xlabel(f"mean squared error (in {as_words(self.payload.about['unit'], 60)}, squared)")
        n = len(self.payload["error"])
        ax.set_title("Error by column" + (f" (the {len(names)} largest of {n})" if n > len(names) else ""))
        ax.legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="none")

    def _draw_pixels(self, ax: Axes) -> None:
        picture = ax.imshow(self.payload["error"], cmap=error_colours(), vmin=0, interpolation="none")
        ax.figure.colorbar(picture, ax=ax, shrink=0.85)
        ax.set(xticks=[], yticks=[], title="Mean squared error of each pixel")


class DetectionCurvesDisplay(Display):
    """ROC and precision-recall curve of the reconstruction error; payload: `detection_curves`."""

    @classmethod
    def from_estimator(cls, model: Autoencoder, X: Any, y: Any, *, seed: int = 0, ax: Axes | None = None) -> Self:
        """Draw both curves; y is 1 for anomalies and 0 for the rest."""
        return cls(detection_curves(model, X, y, seed=seed)).plot(ax)

    def size(self) -> tuple[float, float]:
        return 5.2, 4.6

    def _draw(self, ax: Axes) -> None:
        about, p = self.payload.about, self.payload
        ax.plot([0, 1], [0, 1], color=FAINT, linewidth=1, zorder=0)
        ax.axhline(about["prevalence"], color=FAINT, linewidth=1, zorder=0)
        ax.plot(
            p["fpr"], p["tpr"], color=BLUE, label=f"ROC, area {about['auroc']:.3f}: true positives over false positives"
        )
        label = f"PR, average precision {about['average_precision']:.3f}: precision over recall"
        ax.plot(p["recall"], p["precision"], color=AMBER, drawstyle="steps-post", label=label)
        ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.03), aspect="equal")
        ax.set_xlabel("ROC: false positive rate · PR: recall")
        ax.set_ylabel("ROC: true positive rate · PR: precision")
        ax.set_title("Detection of anomalies by the error")
        ax.annotate("pale: random scores", (0.98, about["prevalence"]), ha="right", va="bottom", fontsize=8, color=GREY)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16))
