"""Training as records: a fit that says how far it is, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from narrows.reproductions.experiment import Progress

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder, Epoch, LayerEpoch


def fitting(model: Autoencoder, X: Any, title: str) -> Generator[Progress, None, float]:
    """Fit `model` to X with a record for each epoch; returns the seconds: ``seconds = yield from fitting(...)``."""
    start = time.perf_counter()
    yield Progress(title)
    for record in model.fit_epochs(X):
        yield passed(model, record, title)
    stop_if_interrupted(model)
    return time.perf_counter() - start


def stop_if_interrupted(model: Autoencoder) -> None:
    """Raise the KeyboardInterrupt that a fit took for the end of its training: half a training is no result."""
    if model.interrupted_:
        raise KeyboardInterrupt


def passed(model: Autoencoder, record: Epoch | LayerEpoch, title: str, words: str = "") -> Progress:
    """What is told of one pass over the rows; `words` in the place of the loss."""
    from narrows.estimators import LayerEpoch

    if isinstance(record, LayerEpoch):
        told = f"layer {record.layer} of {record.n_layers}, error {record.error:.4g}"
        return Progress(f"{title}: pre-training", record.number, record.n_epochs, told)
    return Progress(title, len(model.history_), model.epochs_, words or f"loss {record.loss:.4g}")
