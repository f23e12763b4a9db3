"""What one more unit, layer or row is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from narrows.insight.figures.display import Display
from narrows.insight.figures.style import AMBER, BLUE, GREY, INK
from narrows.insight.payloads import sweep_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from narrows.insight.sweep import Sweep


class SweepDisplay(Display):
    """Held-out error over what was varied, beside PCA, with the knee marked; payload: `sweep_curve`."""

    @classmethod
    def from_sweep(cls, sweep: Sweep, *, ax: Axes | None = None) -> SweepDisplay:
        """Draw what `narrows.insight.sweep` found."""
        return cls(sweep_curve(sweep)).plot(ax)

    def _draw(self, ax: Axes) -> None:
        from matplotlib.ticker import LogFormatter

        p, about = self.payload, self.payload.about
        logarithmic = about["over"] != "depth"
        x = p["value"]
        if about["n_seeds"] > 1:
            ax.fill_between(x, p["lowest"], p["highest"], color=BLUE, alpha=0.18, linewidth=0)
        ax.plot(x, p["training"], color=GREY, linewidth=1.1, marker=".", label="the model, training rows")
        ax.plot(x, p["pca"], color=AMBER, marker="s", markersize=4, label="PCA, held-out rows")
        ax.plot(x, p["held_out"], color=BLUE, marker="o", markersize=5, label="the model, held-out rows")
        if about["knee"] is not None:
            at = int(np.flatnonzero(x == about["knee"])[0])
            height = float(p["held_out"][at])
            ax.plot([x[at]], [height], marker="o", markersize=12, markerfacecolor="none", color=INK)
            ax.annotate(
                f"knee: {about['labels'][at]}", (x[at], height), xytext=(8, 10), textcoords="offset points", fontsize=9
            )
        if logarithmic:
            ax.set_xscale("log", base=2)
        positive = np.concatenate([p["held_out"], p["pca"], p["training"]])
        if positive.min() > 0 and positive.max() > 20 * positive.min():
            ax.set_yscale("log")
            for axis in (ax.yaxis.set_major_formatter, ax.yaxis.set_minor_formatter):
                axis(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 0.5)))
        ax.set_xticks(x, about["labels"], rotation=90 if sum(map(len, about["labels"])) > 70 else 0)
        ax.set_xticks([], minor=True)
        ax.set(xlabel=about["axis"], ylabel=about["unit"], title=f"Error against {about['axis']}")
        ax.legend()
