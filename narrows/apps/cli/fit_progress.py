"""Training under a progress bar; Ctrl-C and SIGTERM end it and keep what was learned."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TYPE_CHECKING, cast

from narrows.apps.cli import signals
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.progress import shown

if TYPE_CHECKING:
    from narrows.data import Rows, RowStream
    from narrows.estimators import Autoencoder, Epoch, LayerEpoch


def train(model: Autoencoder, rows: Rows | RowStream, *, messages: Messages, title: str = "Training") -> float:
    """Fit `model` to `rows` and return the seconds it took.

    Raises
    ------
    KeyboardInterrupt
        It was stopped before the first epoch ended: there is nothing to keep.
    """
    start = time.perf_counter()
    epochs = cast("Generator[Epoch | LayerEpoch]", model.fit_epochs(rows))
    try:
        for _ in shown(epochs, model=model, messages=messages, title=title):
            signals.check()  # a KeyboardInterrupt is lost where Python calls back: in a finalizer, in a weak reference
    except KeyboardInterrupt:  # while the bar was drawn; inside an epoch the model takes it
        pass
    finally:
        epochs.close()
    if not getattr(model, "history_", None):
        raise KeyboardInterrupt
    if model.interrupted_:
        n = len(model.history_)
        messages.info(f"{signals.interrupted()} after {n} of {model.epochs_} epochs; the model keeps what was learned.")
    return time.perf_counter() - start
