"""Training with a progress bar; Ctrl-C and SIGTERM end it and keep the model."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from narrows.apps.cli import signals
from narrows.apps.cli.messages import Messages
from narrows.apps.cli.progress import show_progress
from narrows.apps.cli.with_ray import ray_messages_on_stderr
from narrows.formatting import counted

if TYPE_CHECKING:
    from narrows.data import Rows, RowStream
    from narrows.estimators import Autoencoder, Epoch, LayerEpoch
    from narrows.estimators.saving.checkpoint import Checkpointing


def train(
    model: Autoencoder,
    rows: Rows | RowStream,
    *,
    messages: Messages,
    title: str = "Training",
    checkpoint: Checkpointing | None = None,
    ray_workers: int | None = None,
) -> float:
    """Fit `model` to `rows`, with Ray if a number of workers is given, and return the seconds it took.

    Raises
    ------
    KeyboardInterrupt
        The training was stopped before its first batch.
    """
    start = time.perf_counter()
    from narrows.estimators import Workers

    if ray_workers is not None:
        _train_with_ray(model, rows, ray_workers, messages=messages, title=title, checkpoint=checkpoint)
    elif Workers.current().size > 1:
        _train_together(model, rows, messages=messages, title=title, checkpoint=checkpoint)
    else:
        epochs = cast("Generator[Epoch | LayerEpoch]", model.fit_epochs(rows, checkpoint=checkpoint))
        try:
            for _ in show_progress(epochs, model=model, messages=messages, title=title):
                signals.check()  # Python drops a KeyboardInterrupt in a finalizer or a weak reference
        except KeyboardInterrupt:  # while the bar was drawn; inside an epoch the model handles it
            pass
        finally:
            epochs.close()
    if not getattr(model, "is_trained_", False):
        raise KeyboardInterrupt
    if model.interrupted_:
        n = len(model.history_)
        when = f"after {n} of {model.epochs_} epochs" if n else "in the first epoch"
        messages.info(f"{signals.interrupted()} {when}; the model is kept as it is.")
    return time.perf_counter() - start


def _train_together(
    model: Autoencoder, rows: Rows | RowStream, *, messages: Messages, title: str, checkpoint: Checkpointing | None
) -> None:
    """Train with other workers; a signal to one of them ends the training of all after the same batch."""
    with signals.undisturbed():
        epochs = model.start_fit(rows, checkpoint=checkpoint, stop_requested=signals.is_waiting)
        for _ in show_progress(epochs, model=model, messages=messages, title=title):
            pass
    with suppress(KeyboardInterrupt):  # it is dealt with
        signals.check()


def _train_with_ray(
    model: Autoencoder,
    rows: Rows | RowStream,
    n_workers: int,
    *,
    messages: Messages,
    title: str,
    checkpoint: Checkpointing | None,
) -> None:
    """Train with workers of Ray; a signal ends the training of all after the same batch."""
    from narrows.ray import RayTraining

    messages.info(f"Training with {counted(n_workers, 'worker')} of Ray ...")
    training = RayTraining(model, n_workers, checkpoint=checkpoint)
    with signals.undisturbed(), ray_messages_on_stderr():
        records = training.records(rows, stop_requested=signals.is_waiting)
        for _ in show_progress(records, model=training, messages=messages, title=title):
            pass
    with suppress(KeyboardInterrupt):  # it is dealt with
        signals.check()
