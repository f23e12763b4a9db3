"""Figures of curves: the loss over the epochs, and the errors of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from narrows.insight.figures.display import Display
from narrows.insight.figures.style import AMBER, BLUE, COLOURS, GREY, INK, as_words
from narrows.insight.payloads import sweep_curve, training_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from narrows.estimators import Autoencoder
    from narrows.insight.sweep import Sweep


class TrainingCurvesDisplay(Display):
    """Training and held-out loss over the epochs, and the terms of the latter; payload: `training_curves`."""

    @classmethod
    def from_estimator(cls, model: Autoencoder, *, ax: Axes | None = None) -> Self:
        """Draw the history of a fitted model."""
        return cls(training_curves(model)).plot(ax)

    def _draw(self, ax: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        about, epoch = self.payload.about, self.payload["epoch"]
        watched = not np.isnan(self.payload["held out"]).all()
        marker = "o" if len(epoch) < 3 else None
        ax.plot(epoch, self.payload["training"], color=GREY, linewidth=1.1, marker=marker, label="training rows")
        if watched:
            ax.plot(epoch, self.payload["held out"], color=BLUE, marker=marker, label="held-out rows")
        which = "held out" if watched else "training"
        if len(about["parts"]) > 1:
            for i, part in enumerate(about["parts"]):
                line = {"color": COLOURS[(4 + i) % 10], "linestyle": (0, (4, 2)), "linewidth": 1.2}
                ax.plot(
                    epoch,
                    self.payload[f"{which}: {part}"],
                    label=as_words(f"{which}: {part.replace('_', ' ')}", 40),
                    **line,
                )
        if about["best_epoch"] is not None and len(epoch) > 1:
            best = float(np.nanmin(self.payload["held out"]))
            ax.plot([about["best_epoch"]], [best], marker="D", markersize=5, color=INK, linestyle="none")
            ax.annotate(
                f"lowest: {best:.4g} in epoch {about['best_epoch']}",
                (about["best_epoch"], best),
                xytext=(0, 9),
                textcoords="offset points",
                ha="right" if about["best_epoch"] > epoch.mean() else "left",
                fontsize=8,
            )
        lines = [self.payload[name] for name in self.payload.arrays if name != "epoch"]
        drawn = np.concatenate([line[np.isfinite(line)] for line in lines]) if lines else np.array([])
        if len(drawn) and drawn.min() > 0 and drawn.max() > 20 * np.median(drawn):
            ax.set_yscale("log")
        ax.set(xlabel="epoch", title="Loss over the epochs")
        ax.set_ylabel(_folded(as_words(about["unit"], 120)))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend(loc="upper right")


class SweepDisplay(Display):
    """Errors of a sweep and of PCA, with the knee marked; payload: `sweep_curve`."""

    @classmethod
    def from_sweep(cls, sweep: Sweep, *, ax: Axes | None = None) -> Self:
        """Draw the result of `narrows.insight.sweep`."""
        return cls(sweep_curve(sweep)).plot(ax)

    def _draw(self, ax: Axes) -> None:
        p, about = self.payload, self.payload.about
        logarithmic = about["over"] != "depth"
        x = p["value"]
        if about["n_seeds"] > 1:
            ax.fill_between(x, p["lowest"], p["highest"], color=BLUE, alpha=0.18, linewidth=0)
        ax.plot(x, p["training"], color=GREY, linewidth=1.1, marker=".", label="model, training rows")
        ax.plot(x, p["pca"], color=AMBER, marker="s", markersize=4, label="PCA, held-out rows")
        ax.plot(x, p["held_out"], color=BLUE, marker="o", markersize=5, label="model, held-out rows")
        if about["knee"] is not None:
            at = int(np.flatnonzero(x == about["knee"])[0])
            height = float(p["held_out"][at])
            ax.plot([x[at]], [height], marker="o", markersize=12, markerfacecolor="none", color=INK)
            ax.annotate(
                f"knee: {about['labels'][at]}", (x[at], height), xytext=(8, 10), textcoords="offset points", fontsize=9
            )
        if logarithmic:
            ax.set_xscale("log", base=2)
        if about["logarithmic"]:
            ax.set_yscale("log")
            ticks = _log_ticks(*ax.get_ylim())
            ax.set_yticks(ticks, [np.format_float_positional(tick, trim="-") for tick in ticks])
            ax.set_yticks([], minor=True)
        ax.set_xticks(x, about["labels"], rotation=90 if sum(map(len, about["labels"])) > 70 else 0)
        ax.set_xticks([], minor=True)
        ax.set(xlabel=about["axis"], ylabel=about["unit"], title=f"Error against {about['axis']}")
        ax.legend()


def _log_ticks(low: float, high: float) -> list[float]:
    """Return round numbers between two positive ones for a logarithmic axis, the fewest from three on."""
    powers = range(int(np.floor(np.log10(low))) - 1, int(np.ceil(np.log10(high))) + 1)
    for leads in ([1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 8], np.arange(1, 10, 0.2), np.arange(1, 10, 0.05)):
        ticks = [float(f"{lead * 10.0**power:.12g}") for power in powers for lead in leads]
        if len(within := [tick for tick in ticks if low <= tick <= high]) >= 3:
            return within
    return [float(f"{value:.4g}") for value in (low, high)]


def _folded(unit: str) -> str:
    return unit.replace(" (", "\n(")
