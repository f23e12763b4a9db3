"""What every figure is: scikit-learn's Display, computed once and drawn as often as one likes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from narrows.insight.figures.style import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from narrows.insight.payloads import Payload


class Display:
    """A payload and the way to draw it, after scikit-learn's convention.

    Make one with `from_estimator`, which also draws it, or from a payload.

    Parameters
    ----------
    payload : Payload
        What the function of `narrows.insight.payloads` named in each class answers.

    Attributes
    ----------
    ax_ : matplotlib Axes
        After `plot`.
    figure_ : matplotlib Figure
        After `plot`.
    """

    ax_: Axes
    figure_: Figure

    def __init__(self, payload: Payload) -> None:
        self.payload = payload

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw on `ax`, or on new axes of pyplot's."""
        with style():
            if ax is None:
                import matplotlib.pyplot as plt

                _, ax = plt.subplots(figsize=self.size(), layout="constrained")
            self._draw(ax)
        self.ax_ = ax
        self.figure_ = ax.figure  # pyright: ignore[reportAttributeAccessIssue]
        return self

    def figure(self) -> Figure:
        """A new figure that pyplot knows nothing of."""
        from matplotlib.figure import Figure

        with style():
            figure = Figure(figsize=self.size(), layout="constrained")
            self.plot(figure.subplots())
        return figure

    def size(self) -> tuple[float, float]:
        """Width and height in inches."""
        return 6.4, 3.6

    def _draw(self, ax: Axes) -> None:
        raise NotImplementedError
