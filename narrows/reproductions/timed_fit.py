"""Fits that yield progress records and return the training time."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from narrows.reproductions.experiment import Progress
from narrows.reproductions.kept_trainings import checkpoint_of_fit, seconds_before

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder, Epoch, LayerEpoch


def fit_with_progress(model: Autoencoder, X: Any, title: str) -> Generator[Progress, None, float]:
    """Fit `model` to X, with a record for each epoch; returns the seconds (``seconds = yield from ...``).

    In a run that is kept the fit goes on from its checkpoint, and the seconds before it count.
    """
    yield Progress(title)
    start = time.perf_counter()
    epochs = model.start_fit(X, checkpoint=checkpoint_of_fit())
    seconds = seconds_before(model)
    for record in epochs:
        seconds += time.perf_counter() - start
        yield progress_of(model, record, title)
        start = time.perf_counter()
    stop_if_interrupted(model)
    return seconds


def stop_if_interrupted(model: Autoencoder) -> None:
    """Raise KeyboardInterrupt if the fit was interrupted: an incomplete training is not a result."""
    if model.interrupted_:
        raise KeyboardInterrupt


def progress_of(model: Autoencoder, record: Epoch | LayerEpoch, title: str, detail: str = "") -> Progress:
    """Return the progress after one epoch, with `detail` instead of the loss."""
    from narrows.estimators import LayerEpoch

    if isinstance(record, LayerEpoch):
        layer = f"layer {record.layer} of {record.n_layers}, error {record.error:.4g}"
        return Progress(f"{title}: pre-training", record.number, record.n_epochs, layer)
    return Progress(title, len(model.history_), model.epochs_, detail or f"loss {record.loss:.4g}")
