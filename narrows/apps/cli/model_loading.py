"""Loading of saved models for commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from narrows.estimators import Autoencoder


def load_autoencoder(path: Path) -> Autoencoder:
    """Return the saved autoencoder; ModelError for an anomaly detector, which has no code."""
    import narrows
    from narrows.errors import ModelError

    model = narrows.load(path)
    if isinstance(model, narrows.AnomalyDetector):
        raise ModelError(f"{path} is an anomaly detector, which scores rows: use narrows score or narrows drift.")
    return model
