"""Short fits that stop at a checkpoint."""

from __future__ import annotations

import contextlib
from pathlib import Path

from sklearn.datasets import load_digits, load_iris

from narrows import Autoencoder
from narrows.estimators.saving.checkpoint import Checkpointing

IRIS = load_iris(as_frame=True).data
DIGITS = load_digits().images[:300] / 16


def make(kind: type[Autoencoder] = Autoencoder, **settings) -> Autoencoder:
    given = {"n_components": 2, "hidden_layer_sizes": (16, 8), "epochs": 6, "random_state": 0, "device": "cpu"}
    return kind(**given | settings)


def stopped(model: Autoencoder, rows: object, path: Path, after: int) -> None:
    """Fit until the checkpoint after so many records, as a process that is then killed."""
    records = model.start_fit(rows, checkpoint=Checkpointing(path, every=0))
    for _ in range(after):
        next(records, None)


def weights_of(model: Autoencoder) -> bytes:
    return model.to_files()["model.safetensors"]


def stopped_within_epoch(model: Autoencoder, rows: object, path: Path, after: int, **options) -> int:
    """Fit until the checkpoint after so many batches, or the last one; return the number of batches."""
    done = 0

    def count(_: float) -> None:
        nonlocal done
        done += 1
        if done > after:
            raise ConnectionError  # any error that fits do not treat as their own

    where = Checkpointing(path, every=1e-9, resume=True)
    with contextlib.suppress(ConnectionError):
        for _ in model.start_fit(rows, checkpoint=where, after_batch=count, **options):
            pass
    return done
