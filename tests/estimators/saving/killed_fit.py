"""A fit that keeps checkpoints, for `test_killed_fits`: python killed_fit.py CASE FOLDER, next to table.csv."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import narrows
from narrows import AnomalyDetector, Autoencoder, DenoisingAutoencoder, VariationalAutoencoder
from narrows.estimators.anomaly.kept_parts import KeptParts
from narrows.estimators.saving.checkpoint import Checkpoint, Checkpointing

DIGITS = load_digits().images / 16
COMMON = {"random_state": 0, "device": "cpu"}


CASES: dict[str, Callable[[], Autoencoder | AnomalyDetector]] = {
    "plain": lambda: Autoencoder(n_components=8, epochs=12, optimizer="adam", **COMMON),
    "vae": lambda: VariationalAutoencoder(n_components=4, epochs=12, kl_warmup=6, **COMMON),
    "mixed denoising stream": lambda: DenoisingAutoencoder(n_components=3, epochs=12, corruption="masking", **COMMON),
    "muon": lambda: Autoencoder(n_components=8, epochs=12, patience=3, **COMMON),
    "lbfgs": lambda: Autoencoder(n_components=4, epochs=6, optimizer="lbfgs", batch_size=600, **COMMON),
    "default detector": lambda: AnomalyDetector(n_members=3, random_state=0),
    "pre-training": lambda: Autoencoder(
        n_components=4,
        hidden_layer_sizes=(16, 8),
        activation="sigmoid",
        pretrain="rbm",
        pretrain_epochs=4,
        epochs=3,
        **COMMON,
    ),
    "within epochs": lambda: VariationalAutoencoder(n_components=4, epochs=2, batch_size=64, **COMMON),
    "detector": lambda: AnomalyDetector(Autoencoder(n_components=4, epochs=6), n_members=2, trim=0.1, random_state=0),
}


def announced(keep: Callable[..., None]) -> Callable[..., None]:
    """Return `keep`, which then prints a line."""

    def both(*arguments: object, **options: object) -> None:
        keep(*arguments, **options)
        print("kept", flush=True)

    return both


def main(case: str, folder: Path) -> None:
    """Fit with a checkpoint after each epoch or batch, resuming what is there; print a line for each, and save."""
    for kind in (Checkpoint, KeptParts):
        kind.keep = announced(kind.keep)  # pyright: ignore[reportAttributeAccessIssue]
    table = folder.parent / "table.csv"
    rows = narrows.scan(table) if "stream" in case else narrows.read(table) if "default" in case else np.asarray(DIGITS)
    print("training", flush=True)
    where = Checkpointing(folder / "checkpoint", every=1e-9 if "within" in case else 0, resume=True)
    model = CASES[case]().fit(rows, checkpoint=where)  # pyright: ignore[reportArgumentType]
    model.save(folder / "model")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
