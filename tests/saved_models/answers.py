"""What a fitted model answers about rows, as plain arrays by name."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

import narrows
from tests.saved_models import own

SEED = 3


def load(folder: Path) -> Any:
    """The saved model of a fixture."""
    given: dict[str, Any] = {}
    if folder.name == "own":
        given = own.modules() | {"custom_objects": own.CLASSES}
    return narrows.load(folder / "model", **given)


def read_rows(folder: Path) -> Any:
    """The rows of a fixture as the model of `write_rows` got them; a CSV file is its path."""
    (path,) = folder.glob("rows.*")
    if path.suffix == ".csv":
        return path
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    with np.load(path) as arrays:
        return arrays["X"]


def answers(model: Any, X: Any) -> dict[str, np.ndarray]:
    """Every answer of an autoencoder or of a detector about X."""
    return detector_answers(model, X) if hasattr(model, "decision_function") else autoencoder_answers(model, X)


def autoencoder_answers(model: Any, X: Any) -> dict[str, np.ndarray]:
    codes = model.transform(X)
    found = {"transform": codes, "n_components": np.array(model.n_components_)}
    found |= named("reconstruct", model.reconstruct(X))
    found |= named("inverse_transform", model.inverse_transform(codes))
    found |= named("impute", model.impute(X))
    found["reconstruction_error"] = model.reconstruction_error(X)
    found["reconstruction_error.per_feature"] = model.reconstruction_error(X, per_feature=True)
    found["score"] = np.array(model.score(X))
    found["loss_unit"] = np.array(model.loss_unit_)
    found["names_out"] = np.array(model.get_feature_names_out(), dtype=str)
    found["history.loss"] = np.array([epoch.loss for epoch in model.history_])
    if hasattr(model, "sample"):
        found |= named("sample", model.sample(6, random_state=SEED))
        found["elbo"] = model.elbo(X, n_draws=4)
        found["log_likelihood"] = model.log_likelihood(X, k=5)
    return found


def detector_answers(model: Any, X: Any) -> dict[str, np.ndarray]:
    found = {name: getattr(model, name)(X) for name in ("score_samples", "decision_function", "p_values", "predict")}
    reasons = [row[0] for row in model.explain(X, n=1)]
    found["explain.column"] = np.array([reason.column for reason in reasons])
    found["explain.share"] = np.array([reason.share for reason in reasons])
    found["error_map"] = model.error_map(X)
    found["fit.decision_scores"] = model.decision_scores_
    found["fit.labels"] = model.labels_
    found["fit.threshold"] = np.array(model.threshold_)
    return found


def named(name: str, value: Any) -> dict[str, np.ndarray]:
    """An array, or the columns of a frame, by name; cells that are neither numbers nor truth values become text."""
    if isinstance(value, pa.Table):
        value = value.to_pandas()
    if not isinstance(value, pd.DataFrame):
        return {name: np.asarray(value)}
    return {f"{name}.{column}": _plain(value[column]) for column in value.columns}


def _plain(column: pd.Series) -> np.ndarray:
    if column.dtype.kind in "biuf":
        return column.to_numpy()
    with contextlib.suppress(ValueError, TypeError):
        if column.dtype == object:  # decimals
            return column.to_numpy().astype(float)
    return np.array(["" if pd.isna(cell) else str(cell) for cell in column])
