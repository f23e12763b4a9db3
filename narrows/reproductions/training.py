"""Training as records: a fit that says how far it is, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from narrows.reproductions.frame import Progress

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder


def fitting(model: Autoencoder, X: Any, title: str) -> Generator[Progress, None, float]:
    """Fit `model` to X with a record for each epoch; returns the seconds: ``seconds = yield from fitting(...)``."""
    start = time.perf_counter()
    yield Progress(title)
    for epoch in model.fit_epochs(X):
        yield Progress(title, len(model.history_), model.epochs_, f"loss {epoch.loss:.4g}")
    return time.perf_counter() - start
