"""How large the errors are, where, and whether they tell anomalies from the rest."""

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
    """How many rows have which error, and the threshold; payload: `error_histogram`."""

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
        """Draw the errors of X; y holds 1 for anomalies, where they are known."""
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
        whose = "of the normal rows" if known else "of the rows"
        ax.annotate(
            f"{about['quantile']:.0%} {whose} are below {threshold:.4g}\n{about['above']:,} rows above",
            (threshold, 0.97),
            xycoords=("data", "axes fraction"),
            xytext=(5, 0),
            textcoords="offset points",
            va="top",
            fontsize=8,
        )
        tail = " (the last bar: and more)" if about["cut"] else ""
        ax.set(
            xlabel=f"reconstruction error{tail}\n{as_words(about['unit'], 120)}",
            ylabel="rows",
            title="How large the errors are",
        )
        if known:
            ax.legend(loc="center right")


class ColumnErrorDisplay(Display):
    """The error of each column, or of each pixel, beside the spread of its values; payload: `error_by_column`."""

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
        places = np.arange(len(names))
        ax.barh(places, spread, height=0.82, color=FAINT, label="answering with the mean")
        ax.barh(places, error, height=0.46, color=BLUE, label="the model")
        ax.set_yticks(places, [as_words(name, 30) for name in names])
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
        """Draw both curves; y holds 1 for anomalies and 0 for the rest."""
        return cls(detection_curves(model, X, y, seed=seed)).plot(ax)

    def size(self) -> tuple[float, float]:
        return 5.2, 4.6

    def _draw(self, ax: Axes) -> None:
        about, p = self.payload.about, self.payload
        ax.plot([0, 1], [0, 1], color=FAINT, linewidth=1, zorder=0)
        ax.axhline(about["prevalence"], color=FAINT, linewidth=1, zorder=0)
        ax.plot(p["fpr"], p["tpr"], color=BLUE, label=f"ROC, area {about['auroc']:.3f}: found against false alarms")
        label = f"PR, average precision {about['average_precision']:.3f}: precision against found"
        ax.plot(p["recall"], p["precision"], color=AMBER, drawstyle="steps-post", label=label)
        ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.03), aspect="equal")
        ax.set_xlabel("ROC: share of normal rows alarmed · PR: share of anomalies found")
        ax.set_ylabel("ROC: share of anomalies found · PR: precision")
        ax.set_title("Does the error tell anomalies?")
        ax.annotate("pale: guessing", (0.98, about["prevalence"]), ha="right", va="bottom", fontsize=8, color=GREY)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16))
