"""Loading of saved models for commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from narrows.apps.cli.common_options import Missing
    from narrows.estimators import AnomalyDetector, Autoencoder

Fitted = TypeVar("Fitted", "Autoencoder", "AnomalyDetector")


def load_autoencoder(path: Path, *, missing: Missing | None = None) -> Autoencoder:
    """Return the saved autoencoder, with another treatment of missing values if given; ModelError for a detector."""
    from narrows.errors import ModelError
    from narrows.estimators import AnomalyDetector, load

    model = load(path)
    if isinstance(model, AnomalyDetector):
        raise ModelError(f"{path} is an anomaly detector, which scores rows: use narrows score or narrows drift.")
    return with_missing(model, missing)


def with_missing(fitted: Fitted, missing: Missing | None) -> Fitted:
    """Return the model, or a copy that treats missing values as `missing` says; "drop" is for the reader."""
    if missing in ("mean", "error") or (missing == "mask" and fitted.schema_.missing != "mask"):
        return fitted.with_missing(missing)
    return fitted
