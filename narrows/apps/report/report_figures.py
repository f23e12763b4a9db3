"""Figures of a report and their captions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from narrows.insight import figures, payloads
from narrows.insight.labels import classes_of, known
from narrows.insight.splits import EvaluationSplit, rows_were_dropped

if TYPE_CHECKING:
    from narrows.data import Rows
    from narrows.estimators import Autoencoder
    from narrows.insight.figures import Display
    from narrows.insight.payloads import Payload

_FEWEST_FOR_A_MAP = 3
_SIDE_OF_IMAGES, _SIDE_OF_ROWS = 15, 9


@dataclass(frozen=True)
class Picture:
    """One figure of the page.

    Parameters
    ----------
    title : str
        Text for screen readers.
    caption : str
        One or two sentences on how to read the figure.
    svg : str
        The <svg> element.
    """

    title: str
    caption: str
    svg: str


def pictures(model: Autoencoder, rows: Rows, y: Any = None, *, seed: int = 0) -> Iterator[Picture]:
    """Yield the figures for a model and rows, in the order of the page.

    Single rows are taken from those that were not used in training, if there are any.
    """
    for name, caption, display in _displays(model, rows, y, seed):
        title = name.replace("-", " ")
        yield Picture(title, caption, figures.as_svg(display.figure(), salt=name))


def _displays(model: Autoencoder, rows: Rows, y: Any, seed: int) -> Iterator[tuple[str, str, Display]]:
    view = _View.of(model, rows, y, seed)
    yield from _reconstructions(view)
    yield from _code(view)
    yield from _errors(view)
    yield from _detection(view)
    yield (
        "architecture",
        "The number of values per row in each layer, and of weights and biases between the layers.",
        figures.ArchitectureDisplay(payloads.architecture(model)),
    )


@dataclass(frozen=True, eq=False)
class _View:
    """Model and rows of a report.

    Parameters
    ----------
    measured : ndarray of shape (m,)
        Indices of the rows for errors and examples: those not used in training, if there are any.
    some : Rows
        These rows.
    labels : ndarray of shape (n,) or None
        Classes of all rows.
    """

    model: Autoencoder
    rows: Rows
    labels: np.ndarray | None
    measured: np.ndarray
    measured_is_unseen: bool
    some: Rows
    seed: int

    @classmethod
    def of(cls, model: Autoencoder, rows: Rows, y: Any, seed: int) -> _View:
        parts = EvaluationSplit.of(model, rows, seed=seed)
        labels = classes_of(rows.labels if y is None else y)
        return cls(model, rows, labels, parts.measured, parts.measured_is_unseen, rows.take(parts.measured), seed)

    @property
    def is_image(self) -> bool:
        return self.model.schema_.image_shape is not None

    @property
    def which(self) -> str:
        """The rows for errors and examples, in words."""
        return "rows that were not used in training" if self.measured_is_unseen else "the rows that were measured"

    @property
    def row_numbers(self) -> str:
        """Return the sentence that says how rows are numbered."""
        return "Rows are numbered from 0" + (", without dropped rows." if rows_were_dropped(self.rows) else ".")


def _reconstructions(view: _View) -> Iterator[tuple[str, str, Display]]:
    model, seed, is_image = view.model, view.seed, view.is_image
    yield (
        "reconstructions",
        "Each row and its reconstruction from the code. "
        + ("Details that are missing below were lost in the code." if is_image else view.row_numbers),
        figures.ReconstructionDisplay(
            _placed(payloads.reconstructions(model, view.some, n=10 if is_image else 6, seed=seed), view.measured)
        ),
    )
    if model.history_:
        watched = any(epoch.validation is not None for epoch in model.history_)
        yield (
            "training",
            "The loss after each epoch. "
            + (
                "Both lines should fall and become flat. If the validation loss rises while the training loss falls, "
                "the model overfits."
                if watched
                else "The line should fall and become flat. Without held-out rows it does not show overfitting."
            ),
            figures.TrainingCurvesDisplay(payloads.training_curves(model)),
        )
    if model.fitted_params_["corruption"] is not None:
        yield (
            "denoising",
            f"Noise as in training was added to {view.which}, and the model removed it.",
            figures.DenoisingDisplay(
                _placed(payloads.denoising(model, view.some, n=8 if is_image else 4, seed=seed), view.measured)
            ),
        )


def _code(view: _View) -> Iterator[tuple[str, str, Display]]:
    model, rows, seed, is_image = view.model, view.rows, view.seed, view.is_image
    yield (
        "map of the code",
        "Each dot is a row, placed by its code. Rows that are similar for the model are close together."
        + (" Classes were not used in training." if view.labels is not None else ""),
        figures.CodesDisplay(payloads.codes(model, rows, view.labels, seed=seed)),
    )
    if len(rows) >= _FEWEST_FOR_A_MAP and len(view.measured) > 1:
        yield (
            "decoded grid",
            "The output of the decoder at points of a grid over the map. Smooth changes show a well ordered code.",
            figures.DecodedGridDisplay(
                payloads.decoded_grid(model, rows, side=_SIDE_OF_IMAGES if is_image else _SIDE_OF_ROWS, seed=seed)
            ),
        )
        yield (
            "interpolation",
            "A straight line in the code from one row to another. With a good code, the rows between look realistic.",
            figures.InterpolationDisplay(payloads.interpolation(model, view.some, n=4, seed=seed)),
        )
    if payloads.has_prior(model):
        yield (
            "samples",
            "Synthetic rows: random codes, decoded.",
            figures.SamplesDisplay(payloads.samples(model, n=49 if is_image else 24, seed=seed)),
        )


def _errors(view: _View) -> Iterator[tuple[str, str, Display]]:
    model, some, seed = view.model, view.some, view.seed
    yield (
        "error histogram",
        "Rows far to the right have a large error: they are unusual, damaged, or rare in the training rows.",
        figures.ErrorHistogramDisplay(payloads.error_histogram(model, some, seed=seed)),
    )
    yield (
        "error by pixel" if view.is_image else "error by column",
        f"The error of each {'pixel' if view.is_image else 'column'}, averaged over {view.which}.",
        figures.ColumnErrorDisplay(payloads.error_by_column(model, some, seed=seed)),
    )
    yield (
        "most anomalous rows",
        f"The rows with the largest errors, and where the errors are. {view.row_numbers}",
        figures.ErrorMapDisplay(_placed(payloads.error_map(model, some, seed=seed), view.measured)),
    )


def _detection(view: _View) -> Iterator[tuple[str, str, Display]]:
    rare = _rarer_of_two(view.labels)
    if view.labels is None or rare is None:
        return
    labels = view.labels[view.measured]
    has_class = np.flatnonzero(known(labels))
    is_rare = labels[has_class] == rare
    if 0 < is_rare.sum() < len(is_rare):
        yield (
            "detection",
            f"How well the error separates rows of class {rare}, the rarer one, from the others.",
            figures.DetectionCurvesDisplay(
                payloads.detection_curves(view.model, view.some.take(has_class), is_rare, seed=view.seed)
            ),
        )


def _placed(payload: Payload, places: np.ndarray) -> Payload:
    """Return a payload of a part of the rows with positions among all rows."""
    return replace(payload, arrays={**payload.arrays, "position": places[payload["position"]]})


def _rarer_of_two(labels: np.ndarray | None) -> str | None:
    """Return the rarer of two classes; None for any other number of classes."""
    if labels is None:
        return None
    classes, counts = np.unique(labels[known(labels)].astype(str), return_counts=True)
    return str(classes[counts.argmin()]) if len(classes) == 2 else None
