"""The base class of figures: a payload that can be drawn repeatedly, after scikit-learn's Display."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from narrows.insight.figures.style import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from narrows.insight.payloads import Payload


class Display:
    """A payload and its drawing, after scikit-learn's convention.

    `from_estimator` computes the payload and draws it.

    Parameters
    ----------
    payload : Payload
        Result of the function of `narrows.insight.payloads` that each class names.

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
        """Draw on `ax`, or on new axes of pyplot."""
        with style():
            if ax is None:
                import matplotlib.pyplot as plt

                _, ax = plt.subplots(figsize=self.size(), layout="constrained")
            self._draw(ax)
        self.ax_ = ax
        self.figure_ = ax.figure  # pyright: ignore[reportAttributeAccessIssue]
        return self

    def figure(self) -> Figure:
        """Return a new figure that is not registered with pyplot."""
        from matplotlib.figure import Figure

        with style():
            figure = Figure(figsize=self.size(), layout="constrained")
            self.plot(figure.subplots())
        return figure

    def size(self) -> tuple[float, float]:
        """Return width and height in inches."""
        return 6.4, 3.6

    def _draw(self, ax: Axes) -> None:
        raise NotImplementedError
