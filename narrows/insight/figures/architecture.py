"""Figure of the layers of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from narrows.insight.figures.display import Display
from narrows.insight.figures.style import AMBER, BLUE, COLOURS, GREY
from narrows.insight.payloads import architecture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from narrows.estimators import Autoencoder

_PART_COLOURS = {"input": GREY, "encoder": BLUE, "code": AMBER, "decoder": COLOURS[4], "output": GREY}


class ArchitectureDisplay(Display):
    """Layers as bars whose height is the logarithm of their units; payload: `architecture`."""

    @classmethod
    def from_estimator(cls, model: Autoencoder, *, ax: Axes | None = None) -> Self:
        """Draw the network of a fitted model."""
        return cls(architecture(model)).plot(ax)

    def size(self) -> tuple[float, float]:
        return max(5.5, 1.05 * len(self.payload["units"]) + 0.8), 3.0

    def _draw(self, ax: Axes) -> None:
        from matplotlib.patches import Polygon

        about, units = self.payload.about, self.payload["units"]
        heights = 0.15 + np.log2(units + 1) / np.log2(units.max() + 1)
        for i, layer in enumerate(about["layers"]):
            colour = _PART_COLOURS[layer["part"]]
            ax.bar(i, heights[i], 0.42, bottom=-heights[i] / 2, color=colour, zorder=2)
            if i:
                left, right = heights[i - 1] / 2, heights[i] / 2
                corners = [(i - 0.79, -left), (i - 0.79, left), (i - 0.21, right), (i - 0.21, -right)]
                ax.add_patch(Polygon(corners, closed=True, color=colour, alpha=0.16, linewidth=0))
            ax.annotate(_shape(layer["shape"]), (i, heights[i] / 2 + 0.04), ha="center", va="bottom", fontsize=8.5)
            parameters = int(self.payload["parameters"][i])
            text = layer["part"] + (f"\n{parameters:,}" if parameters else "")
            ax.annotate(text, (i, -heights[i] / 2 - 0.04), ha="center", va="top", fontsize=8, color="#5d636f")
        ax.set(xlim=(-0.6, len(units) - 0.4), ylim=(-0.95, 0.8), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(f"{about['estimator']}: {about['n_parameters']:,} weights and biases ({about['activation']})")


def _shape(shape: list[Any]) -> str:
    return "×".join(map(str, shape))
