"""Which figures a report shows, and the sentence beneath each."""

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
        For readers who do not see it.
    caption : str
        What to look for, in a sentence or two.
    svg : str
        The <svg> element.
    """

    title: str
    caption: str
    svg: str


def pictures(model: Autoencoder, rows: Rows, y: Any = None, *, seed: int = 0) -> Iterator[Picture]:
    """The figures that make sense for a model and rows, in the order of the page.

    Single rows are shown from those that the training did not see, where there are some.
    """
    for name, caption, display in _displays(model, rows, y, seed):
        title = name.replace("-", " ")
        yield Picture(title, caption, figures.as_svg(display.figure(), salt=name))


def _displays(model: Autoencoder, rows: Rows, y: Any, seed: int) -> Iterator[tuple[str, str, Display]]:
    parts = EvaluationSplit.of(model, rows, seed=seed)
    measured = parts.measured
    some = rows.take(measured)
    these = "rows that the training did not see" if parts.measured_is_unseen else "the rows that were measured"
    counted = "Rows are counted from 0" + (", without those that were dropped." if rows_were_dropped(rows) else ".")
    labels = classes_of(rows.labels if y is None else y)
    is_image = model.schema_.image_shape is not None
    yield (
        "reconstructions",
        "Each row and what the model rebuilds of it from the few numbers of its code. "
        + ("What is missing below did not get through." if is_image else counted),
        figures.ReconstructionDisplay(
            _placed(payloads.reconstructions(model, some, n=10 if is_image else 6, seed=seed), measured)
        ),
    )
    if model.history_:
        watched = any(epoch.validation is not None for epoch in model.history_)
        yield (
            "training",
            "The error after each pass over the rows. "
            + (
                "Both lines should fall and settle; where held-out rows rise again while training rows fall, the model "
                "learns the latter by heart."
                if watched
                else "The line should fall and settle; without held-out rows it does not show learning by heart."
            ),
            figures.TrainingCurvesDisplay(payloads.training_curves(model)),
        )
    if model.fitted_params_["corruption"] is not None:
        yield (
            "denoising",
            f"Noise like that of the training was added to {these}, and the model cleaned them.",
            figures.DenoisingDisplay(
                _placed(payloads.denoising(model, some, n=8 if is_image else 4, seed=seed), measured)
            ),
        )
    yield (
        "map of the code",
        "Each dot is a row, placed by its code. Rows that the model finds alike lie together."
        + (" Classes were not used in training." if labels is not None else ""),
        figures.CodesDisplay(payloads.codes(model, rows, labels, seed=seed)),
    )
    if len(rows) >= _FEWEST_FOR_A_MAP and len(measured) > 1:
        yield (
            "decoded grid",
            "The decoder's answer at points all over the map. Smooth changes mean that the code is well ordered.",
            figures.DecodedGridDisplay(
                payloads.decoded_grid(model, rows, side=_SIDE_OF_IMAGES if is_image else _SIDE_OF_ROWS, seed=seed)
            ),
        )
        yield (
            "interpolation",
            "The straight way in the code from one row to another. Good codes pass through rows that could be real.",
            figures.InterpolationDisplay(payloads.interpolation(model, some, n=4, seed=seed)),
        )
    if payloads.has_prior(model):
        n = 49 if is_image else 24
        yield (
            "samples",
            "Codes drawn at random and decoded: rows that nobody recorded.",
            figures.SamplesDisplay(payloads.samples(model, n=n, seed=seed)),
        )
    yield (
        "error histogram",
        "Rows far to the right are rebuilt badly: strange, damaged, or of a kind that is rare in the training rows.",
        figures.ErrorHistogramDisplay(payloads.error_histogram(model, some, seed=seed)),
    )
    yield (
        "error by pixel" if is_image else "error by column",
        f"Where the errors are, on average over {these}.",
        figures.ColumnErrorDisplay(payloads.error_by_column(model, some, seed=seed)),
    )
    yield (
        "strangest rows",
        f"The rows with the largest errors, and where in them the model was surprised. {counted}",
        figures.ErrorMapDisplay(_placed(payloads.error_map(model, some, seed=seed), measured)),
    )
    rare = _rarer_of_two(labels)
    has_class = np.zeros(0, int) if labels is None else np.flatnonzero(known(labels[measured]))
    is_rare = np.zeros(0, bool) if labels is None or rare is None else labels[measured][has_class] == rare
    if 0 < is_rare.sum() < len(is_rare):
        yield (
            "detection",
            f"How well a large error tells rows of class {rare}, the rarer one, from the others.",
            figures.DetectionCurvesDisplay(payloads.detection_curves(model, some.take(has_class), is_rare, seed=seed)),
        )
    yield (
        "architecture",
        "How many numbers a row is on its way through the network, and the weights and biases on the way there.",
        figures.ArchitectureDisplay(payloads.architecture(model)),
    )


def _placed(payload: Payload, places: np.ndarray) -> Payload:
    """A payload of rows that were taken from others: their positions as places among those."""
    return replace(payload, arrays={**payload.arrays, "position": places[payload["position"]]})


def _rarer_of_two(labels: np.ndarray | None) -> str | None:
    """The rarer class where there are two; None else."""
    if labels is None:
        return None
    classes, counts = np.unique(labels[known(labels)].astype(str), return_counts=True)
    return str(classes[counts.argmin()]) if len(classes) == 2 else None
