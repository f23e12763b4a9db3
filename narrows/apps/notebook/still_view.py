"""A still picture of a view, for a notebook that is read where no kernel runs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from narrows.insight import figures, payloads

if TYPE_CHECKING:
    from narrows.apps.viewer.offline_session import OfflineSession
    from narrows.insight.figures import Display

_MOST_ROWS = 2000
_DOTS_PER_INCH = 100


def still_view(session: OfflineSession, view: str) -> bytes:
    """Return a figure on the subject of a view as PNG; of many rows it shows a sample.

    Raises
    ------
    NarrowsError
        There are too few rows for this figure.
    """
    file = io.BytesIO()
    _display(session, view).figure().savefig(file, format="png", dpi=_DOTS_PER_INCH)
    return file.getvalue()


def _display(session: OfflineSession, view: str) -> Display:
    model, rows = session.run.weights.get()[0], session.rows.sampled(_MOST_ROWS)
    if view == "training":
        return figures.TrainingCurvesDisplay(payloads.training_curves(model))
    if view == "denoise":
        return figures.DenoisingDisplay(payloads.denoising(model, rows))
    if view == "anomaly":
        return figures.ErrorHistogramDisplay(payloads.error_histogram(model, rows, _anomalous(session, rows.labels)))
    if view == "flow":
        return figures.ReconstructionDisplay(payloads.reconstructions(model, rows))
    return figures.CodesDisplay(payloads.codes(model, rows, rows.labels))


def _anomalous(session: OfflineSession, labels: np.ndarray | None) -> np.ndarray | None:
    """Return 1 for each row of a class that is not normal, else 0; None without classes."""
    normal = session.state["datasets"][0]["normal"]
    if labels is None or normal is None:
        return None
    return np.array([label is not None and str(label) not in normal for label in labels], int)
